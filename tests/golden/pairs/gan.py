import torch
import torch.nn.functional as F
from torch import nn


class Up(nn.Module):
    def __init__(self, before, channels, stride=2, padding=1):
        super().__init__()
        self.conv = nn.ConvTranspose2d(before, channels, 4, stride=stride, padding=padding, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.up1 = Up(6, 8, stride=1, padding=0)
        self.up2 = Up(8, 4)
        self.up3 = nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1)

    def forward(self, z):
        x = self.up2(self.up1(z.unflatten(1, (6, 1, 1))))
        return torch.tanh(self.up3(x))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.down0 = nn.Conv2d(1, 4, 4, stride=2, padding=1, bias=False)
        self.down1 = nn.Conv2d(4, 8, 4, stride=2, padding=1, bias=False)
        self.norm1 = nn.InstanceNorm2d(8, affine=True)
        self.out = nn.Conv2d(8, 1, 4)

    def forward(self, image):
        x = F.leaky_relu(self.down0(image), 0.2)
        x = F.leaky_relu(self.norm1(self.down1(x)), 0.2)
        return self.out(x).flatten(0)
