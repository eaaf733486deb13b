import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import MLP


def conv(before, channels, kernel=3):
    return nn.Conv2d(before, channels, kernel, padding=kernel // 2, bias=False)


class Twice(nn.Module):
    def __init__(self, before, channels, act=F.gelu):
        super().__init__()
        self.first = nn.Conv2d(before, channels, 1)
        self.act = act
        self.second = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x):
        return self.second(self.act(self.first(x)))


class Unit(nn.Module):
    def __init__(self, before, channels):
        super().__init__()
        self.conv2d = conv(before, channels)
        self.batchnorm2d = nn.BatchNorm2d(channels, eps=1e-3)

    def forward(self, x):
        return F.silu(self.batchnorm2d(self.conv2d(x)))


class Grouped(nn.Module):
    def __init__(self, before, channels):
        super().__init__()
        self.conv2d = conv(before, channels)
        self.groupnorm = nn.GroupNorm(2, channels)

    def forward(self, x):
        return self.groupnorm(self.conv2d(x))


class Values(nn.Module):
    def __init__(self):
        super().__init__()
        self.unit1 = Unit(3, 8)
        self.unit2 = Grouped(8, 12)
        self.wide = nn.Conv2d(12, 6, 3, padding=1)
        self.gelu = nn.GELU(approximate="tanh")
        self.batchnorm2d = nn.BatchNorm2d(6, eps=1e-4, momentum=0.2)
        self.twice = Twice(6, 6)
        self.again = Twice(6, 5, act=F.softplus)
        self.mlp = MLP(5, [8, 4], norm_layer=nn.LayerNorm, activation_layer=nn.ReLU)

    def forward(self, image):
        x = self.gelu(self.wide(self.unit2(self.unit1(image))))
        x = self.again(self.twice(self.batchnorm2d(x)))
        x = torch.tanh(torch.sigmoid(F.relu(x)))
        x = F.relu6(x) + torch.sigmoid(x)
        return self.mlp(x.mean(dim=[2, 3]))
