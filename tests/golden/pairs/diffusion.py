import torch
import torch.nn.functional as F
from torch import nn


class TimeEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        half = dim // 2
        self.register_buffer("rates", 10000.0 ** (-torch.arange(0, half) / half), persistent=False)
        self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t):
        angles = t[:, None] * self.rates
        return self.mlp(torch.cat([angles.sin(), angles.cos()], dim=1))


class Residual(nn.Module):
    def __init__(self, before, channels, time):
        super().__init__()
        self.norm1 = nn.GroupNorm(2, before)
        self.conv1 = nn.Conv2d(before, channels, 3, padding=1)
        self.project = nn.Linear(time, channels)
        self.norm2 = nn.GroupNorm(2, channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.skip = nn.Conv2d(before, channels, 1) if before != channels else nn.Identity()

    def forward(self, x, time):
        y = self.conv1(F.silu(self.norm1(x)))
        y = y + self.project(time)[:, :, None, None]
        y = self.conv2(F.silu(self.norm2(y)))
        return self.skip(x) + y


class Diffusion(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("kept", torch.cumprod(1 - torch.linspace(1e-4, 0.02, 10), dim=0))
        self.time = TimeEmbedding(8)
        self.inner = nn.Conv2d(1, 4, 3, padding=1)
        self.block0 = Residual(4, 4, 8)
        self.block1 = Residual(4, 8, 8)
        self.block2 = Residual(8, 4, 8)
        self.out = nn.Conv2d(4, 1, 3, padding=1)

    def forward(self, image):
        t = torch.randint(0, 10, [len(image)])
        noise = torch.randn_like(image)
        level = self.kept[t][:, None, None, None]
        x = torch.sqrt(level) * image + torch.sqrt(1 - level) * noise
        time = self.time(t)
        x = self.inner(x)
        for block in (self.block0, self.block1, self.block2):
            x = block(x, time)
        return self.out(x), noise
