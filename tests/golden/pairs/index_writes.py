import torch
from torch import nn


class Writes(nn.Module):
    def forward(self, v, mask, rows):
        y = v.clone()
        y[:, 0] = 0
        y[:, 1:3, ::2] = 2 * v[:, 3:5, 1::2]
        y[..., -1] += v[..., 0]
        y[:, 4] *= 0.5
        z = v.clone()
        z[mask] = 1.0
        z[:, -1, 2:] -= y[:, 0, 2:]
        w = torch.zeros_like(v)
        w[torch.arange(v.shape[0]), rows] = v[:, 0]
        w[:, 5] /= 2
        return y, z, w + v
