"""Arguments, generated from a spec."""

import torch
import torch.nn.functional as F
from torch import nn


class ChannelNorm(nn.Module):
    def __init__(self, size, shape):
        super().__init__()
        self.shape = shape
        self.scale = nn.Parameter(torch.ones(size))

    def forward(self, x):  # [N, 12, size]
        return F.layer_norm(x, self.shape, self.scale)


class Windows(nn.Module):
    def forward(self, x):  # [N, 12, 16]
        x = x.view(3 * x.shape[0], 4, 16)  # [3 * N, 4, 16]
        y = x + 1
        return y.reshape(y.shape[0], 64) * 2  # [3 * N, 64]


class Arguments(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1)
        self.first = ChannelNorm(8, shape=[8])
        self.linear = nn.Linear(8, 16)
        self.third = ChannelNorm(16, shape=[16])
        self.windows = Windows()
        self.head = nn.Linear(64, 16)

    def forward(self, v):  # [N, 12, 8]
        N = v.shape[0]
        x = self.encoder(v)
        x = self.first(x)
        x = self.linear(x)  # [N, 12, 16]
        x = self.third(x)
        x = self.windows(x)  # [3 * N, 64]
        x = x.view(N, 3, 64).mean(dim=1)  # [N, 64]
        return self.head(x)  # [N, 16]
