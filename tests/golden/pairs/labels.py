import torch.nn.functional as F
from torch import nn


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(6, 6, 1)
        self.conv2 = nn.Conv2d(6, 8, 1)
        self.add_module("3", nn.Conv2d(8, 4, 1))

    def forward(self, x):
        return self.get_submodule("3")(self.conv2(self.conv0(x)))


class Plain(nn.Sequential):
    def __init__(self):
        inner = nn.Sequential(nn.Conv2d(8, 4, 1), nn.ReLU())
        super().__init__(nn.Conv2d(6, 8, 1), nn.Tanh(), inner, nn.Conv2d(4, 3, 1))

    def forward(self, x):
        x = self[2](self[1](self[0](x)))
        return self[3](F.relu(x))


class Labels(nn.Module):
    def __init__(self):
        super().__init__()
        self.low_1 = nn.Conv2d(3, 4, 3, stride=1, padding=1)
        self.low_norm = nn.BatchNorm2d(4)
        self.high_2 = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.high_norm = nn.BatchNorm2d(6)
        self.body = Body()
        self.conv2d = nn.Conv2d(4, 6, 1)
        self.conv2d_1 = nn.Conv2d(6, 6, 1, bias=False)
        self.plain = Plain()
        repeated = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1))
        self.mixed = nn.Sequential(repeated, nn.Conv2d(3, 5, 1))

    def forward(self, image):
        x = F.relu(self.low_norm(self.low_1(image)))
        x = F.relu(self.high_norm(self.high_2(x)))
        x = self.conv2d_1(F.relu(self.conv2d(self.body(x))))
        return self.mixed(self.plain(x)).mean(dim=[2, 3])
