import torch
from torch import nn
from torchvision.ops import StochasticDepth


class DropPath(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.training and self.p > 0:
            keep = (torch.rand(x.shape[0], 1, 1) >= self.p).float()
            return x * keep / (1 - self.p)
        return x


class Layer(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.norm1 = nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.drop1 = DropPath(p)
        self.norm2 = nn.LayerNorm(8)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.drop2 = StochasticDepth(p, mode="row")

    def forward(self, x):
        y, _ = self.attention(self.norm1(x), x, x, need_weights=False)
        x = x + self.drop1(y)
        return x + self.drop2(self.mlp(self.norm2(x)))


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(*(Layer(0.4 * i / 2) for i in range(3)))

    def forward(self, words):
        return self.layers(words)
