"""Pieces, generated from a spec. Shapes are at T=6."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


class Standardise(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(torch.ones(size))
        self.shift = nn.Parameter(torch.zeros(size))

    def forward(self, x):  # [N, size]
        y = (x - x.mean(-1, keepdim=True)) / torch.sqrt(x.var(-1, keepdim=True) + self.eps)
        return y * self.scale + self.shift


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(24, 8)
        self.b = nn.Linear(8, 4)

    def forward(self, x):  # [N, 24]
        x = self.a(x)  # [N, 8]
        x = F.relu(x)
        return self.b(x)  # [N, 4]


class Deep(nn.ModuleList):
    def __init__(self):
        super().__init__([nn.Linear(4, 8), nn.Linear(8, 4)])

    def forward(self, x):  # [N, 4]
        x = self[0](x)  # [N, 8]
        x = F.dropout(x, 0.5, training=self.training)
        return self[1](x)  # [N, 4]


class Pieces(nn.Module):
    """Several kinds
    of statement in one net.
    """

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(3))
        nn.init.constant_(self.scale, 0.5)
        self.grid = nn.Parameter(torch.empty(4, 4))
        nn.init.eye_(self.grid)
        self.start = nn.Parameter(torch.empty(12))
        nn.init.trunc_normal_(self.start, std=0.02)
        self.register_buffer("rates", 10000.0 ** (-torch.arange(0, 6) / 6), persistent=False)
        self.register_buffer("mean", torch.zeros(12))
        self.first = Standardise(12, eps=1e-5)
        self.hidden = nn.Sequential(
            nn.Sequential(nn.Linear(12, 24), nn.GELU()),  # [N, 24]
            nn.Sequential(nn.Linear(24, 24), nn.GELU()),
        )
        self.wide = Wide()
        self.last = Standardise(4, eps=1e-6)
        self.deep = Deep()
        self.named = nn.Sequential(OrderedDict(fc=nn.Linear(4, 6), act=nn.ReLU(), drop=nn.Dropout(0.1)))

    def forward(self, v, w):  # v [N, 12], w [N, 6, 12]
        N = v.shape[0]
        T = w.shape[1]
        x = v - self.mean + self.start
        q = x[:, ::2] * self.rates  # [N, 6]
        x = x.clone()
        x[:, 0] = 0
        y = x[:, 2:5] * self.scale  # [N, 3]
        x = x.clone()
        x[:, 1:4] = y
        x = self.first(x)
        x = self.hidden(x)  # [N, 24]
        x = self.wide(x)  # [N, 4]
        x = x @ self.grid
        x = self.last(x)
        x = self.deep(x)
        x = self.named(x)  # [N, 6]
        y = (x + 1) ** 2 * -q / (1 + q.abs())
        low, high = w.chunk(2, dim=2)  # 2 x [N, 6, 6]
        top, _ = low.sort(dim=1)
        z = torch.zeros(6, device=v.device) + torch.linspace(0, 1, 6, device=v.device)  # [6]
        t = w.reshape(N * T, 12).sum() * T  # []
        return y + z + top.sum(1) * high.sum(1), ~(y > 0) & (y < 2), t
