import torch
import torch.nn.functional as F
from torch import nn


class Spline(nn.Module):
    def __init__(self, before, width, grid=5, order=3):
        super().__init__()
        self.order = order
        self.base = nn.Parameter(torch.empty(width, before))
        self.spline = nn.Parameter(torch.empty(width, before, grid + order))
        self.register_buffer("knots", torch.arange(-order, grid + order + 1) * (2.0 / grid) - 1.0)

    def forward(self, x):
        y = F.linear(F.silu(x), self.base)
        x, knots = x.unsqueeze(-1), self.knots
        bases = ((x >= knots[:-1]) & (x < knots[1:])).to(x.dtype)
        for k in range(1, self.order + 1):
            left = (x - knots[: -(k + 1)]) / (knots[k:-1] - knots[: -(k + 1)])
            right = (knots[k + 1 :] - x) / (knots[k + 1 :] - knots[1:-k])
            bases = left * bases[:, :, :-1] + right * bases[:, :, 1:]
        return y + F.linear(bases.view(x.shape[0], -1), self.spline.view(len(self.base), -1))


class Kan(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(Spline(4, 6), Spline(6, 2))

    def forward(self, v):
        return self.layers(v)
