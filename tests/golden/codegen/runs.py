"""DenseNet, generated from a spec. Shapes are at H=64, W=64."""

import torch
import torch.nn.functional as F
from torch import nn


class DenseLayer(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, 32, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 8, 3, padding=1, bias=False)

    def forward(self, x):  # [N, in_channels, H, W]
        new = self.conv1(F.relu(self.norm1(x)))  # [N, 32, H, W]
        new = F.relu(self.norm2(new))
        new = self.conv2(new)  # [N, 8, H, W]
        return torch.cat([x, new], dim=1)  # [N, in_channels + 8, H, W]


class Transition(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.conv = nn.Conv2d(in_channels, in_channels // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):  # [N, in_channels, H, W]
        x = self.norm(x)
        x = F.relu(x)
        x = self.conv(x)  # [N, in_channels // 2, H, W]
        return self.pool(x)  # [N, in_channels // 2, H // 2, W // 2]


class Stage(nn.Module):
    def __init__(self, in_channels, layers):
        super().__init__()
        self.dense = nn.Sequential(*[DenseLayer(in_channels + 8 * i) for i in range(layers)])
        self.transition = Transition(in_channels + 8 * layers)

    def forward(self, x):  # [N, in_channels, H, W]
        x = self.dense(x)  # [N, in_channels + 8 * layers, H, W]
        return self.transition(x)  # [N, _, H // 2, W // 2]


class Plain(nn.Module):
    def __init__(self, in_channels, width, depth):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 3, padding=1)
        self.rest = nn.Sequential(
            *[nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.ReLU()) for _ in range(depth - 1)],
        )

    def forward(self, x):  # [N, in_channels, 4, 4]
        skip = self.first(x)  # [N, width, 4, 4]
        x = self.rest(skip)
        return x + skip


class DenseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 16, 7, stride=2, padding=3, bias=False)
        self.stage1 = Stage(16, layers=4)
        self.stage2 = Stage(24, layers=6)
        self.stage3 = Stage(36, layers=3)
        self.plain = Plain(30, 24, depth=4)
        self.wide = Plain(24, 32, depth=2)
        self.pyramid = nn.Sequential(
            *[
                nn.Sequential(
                    nn.Sequential(
                        nn.Conv2d(32 + 16 * i, 32 + 16 * i, 1),
                        nn.Conv2d(32 + 16 * i, 40 + 16 * i, 1),
                        nn.Conv2d(40 + 16 * i, 48 + 16 * i, 1),
                    ),
                )
                for i in range(3)
            ],
        )
        self.classifier = nn.Linear(80, 10)

    def forward(self, image):  # [N, 3, 64, 64]
        H, W = image.shape[2:]
        if H < 15:
            raise ValueError(f"H >= 15 is needed, got H = {H}")
        if W < 15:
            raise ValueError(f"W >= 15 is needed, got W = {W}")
        x = self.conv0(image)  # [N, 16, 32, 32]
        x = self.stage1(x)  # [N, 24, 16, 16]
        x = self.stage2(x)  # [N, 36, 8, 8]
        x = self.stage3(x)  # [N, 30, 4, 4]
        x = self.plain(x)  # [N, 24, 4, 4]
        x = self.wide(x)  # [N, 32, 4, 4]
        x = self.pyramid(x)  # [N, 80, 4, 4]
        x = x.mean(dim=[2, 3])  # [N, 80]
        return self.classifier(x)  # [N, 10]
