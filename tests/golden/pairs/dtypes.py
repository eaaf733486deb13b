import torch
import torch.nn.functional as F
from torch import nn


class Types(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(48, 6)

    def forward(self, v, picture, index, flags, wide):
        q = self.fc((picture.float() / 255 - 0.5).flatten(1))
        both = flags & (v > 0) | ~flags & (v < -1)
        counts = both.long().sum(dim=1) // 2 % 3
        one = F.one_hot(index.long(), 5).to(v.dtype)
        y = (wide + v.double()).to(torch.float32)
        z = y.bfloat16().float()
        w = -(v.abs() ** 2) * (index[:, None] + 1)
        bits = (v * 1e3).to(torch.int32).bitwise_and(7)
        return q * both, counts, one, z + w, torch.isclose(v, v).all(), bits
