import torch
import torch.nn.functional as F
from torch import nn


class Gate(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(F.relu(self.fc1(self.pool(x)))))


class Residual(nn.Module):
    def __init__(self, before, channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.gate = Gate(channels)
        if stride != 1 or before != channels:
            self.downsample = nn.Conv2d(before, channels, 1, stride=stride, bias=False)
        else:
            self.downsample = nn.Identity()

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.gate(self.bn2(self.conv2(y)))
        return F.relu(y + self.downsample(x))


class SENet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stages = nn.Sequential(Residual(3, 8), Residual(8, 8), Residual(8, 16, stride=2))
        self.fc = nn.Linear(16, 5)

    def forward(self, image):
        return self.fc(self.stages(image).mean(dim=[2, 3]))
