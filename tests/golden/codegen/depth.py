"""Depth, generated from a spec. Its depth is drawn at each pass, so it is no full graph."""

import torch
import torch.nn.functional as F
from torch import nn


class Depth(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.middle = nn.Linear(16, 16)
        self.mixed = nn.Sequential(nn.Linear(16, 16), nn.GELU())
        self.last = nn.Linear(16, 2)

    def forward(self, v):  # [N, 8]
        x = self.first(v)  # [N, 16]
        x = F.relu(x)
        total = x
        for _ in range(torch.randint(0, 4, ()).item()):
            x = self.middle(x)
            x = F.relu(x)
            total = total + x
        for _ in range(torch.randint(1, 3, ()).item()):
            x = self.mixed(x)
        x = total + x
        return self.last(x)  # [N, 2]
