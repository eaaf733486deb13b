import torch
from torch import nn


def windows(x, side):
    N, H, W, C = x.shape
    x = x.view(N, H // side, side, W // side, side, C)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, side * side, C)


class WindowAttention(nn.Module):
    def __init__(self, width, heads, shift, side=4):
        super().__init__()
        self.heads, self.shift, self.side = heads, shift, side
        self.bias = nn.Parameter(torch.empty((2 * side - 1) ** 2, heads))
        where = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")).flatten(1)
        away = (where[:, :, None] - where[:, None, :]).permute(1, 2, 0) + side - 1
        self.register_buffer("place", (away[..., 0] * (2 * side - 1) + away[..., 1]).flatten(), persistent=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        N, H, W, C = x.shape
        side, area = self.side, self.side**2
        if self.shift:
            x = torch.roll(x, shifts=(-self.shift, -self.shift), dims=(1, 2))
        x = windows(x, side)
        q, k, v = self.qkv(x).view(-1, area, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = q * (C // self.heads) ** -0.5 @ k.transpose(-2, -1)
        scores = scores + self.bias[self.place].view(area, area, self.heads).permute(2, 0, 1)
        x = self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(-1, area, C))
        x = x.view(N, H // side, W // side, side, side, C).permute(0, 1, 3, 2, 4, 5).reshape(N, H, W, C)
        return torch.roll(x, shifts=(self.shift, self.shift), dims=(1, 2)) if self.shift else x


class Block(nn.Module):
    def __init__(self, width, heads, shift):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads, shift)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Swin(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, stride=4)
        self.block0 = Block(16, 2, 0)
        self.block1 = Block(16, 2, 2)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Sequential(nn.Linear(16, 5))

    def forward(self, image):
        x = self.patches(image).permute(0, 2, 3, 1)
        return self.head(self.norm(self.block1(self.block0(x)))).mean(dim=[1, 2])
