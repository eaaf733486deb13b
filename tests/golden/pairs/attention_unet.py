import torch
import torch.nn.functional as F
from torch import nn


class Double(nn.Module):
    def __init__(self, before, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


class Gate(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.theta = nn.Conv2d(channels, width, 1, bias=False)
        self.phi = nn.Conv2d(channels, width, 1)
        self.psi = nn.Conv2d(width, 1, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, skip, gating):
        weight = torch.sigmoid(self.psi(F.relu(self.theta(skip) + self.phi(gating))))
        return self.norm(self.out(skip * weight)), weight


class AttentionUNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down0 = Double(3, 4)
        self.down1 = Double(4, 8)
        self.middle = Double(8, 16)
        self.up1 = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.gate1 = Gate(8, 4)
        self.fuse1 = Double(16, 8)
        self.up0 = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.gate0 = Gate(4, 2)
        self.fuse0 = Double(8, 4)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, image):
        high = self.down0(image)
        low = self.down1(F.max_pool2d(high, 2))
        x = self.up1(self.middle(F.max_pool2d(low, 2)))
        gated, _ = self.gate1(low, x)
        x = self.up0(self.fuse1(torch.cat([gated, x], dim=1)))
        gated, weight = self.gate0(high, x)
        return self.head(self.fuse0(torch.cat([gated, x], dim=1))), weight
