"""Decoder, generated from a spec."""

import torch
import torch.nn.functional as F
from torch import nn


class Cross(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)

    def forward(self, x, memory):  # x [N, 7, 16], memory [N, 5, 16]
        y, weights = self.attention(x, memory, memory)  # [N, 7, 16], [N, 7, 5]
        return x + y, weights


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.cross = Cross()
        self.norm = nn.LayerNorm(16)

    def forward(self, x, memory):  # x [N, 7, 16], memory [N, 5, 16]
        y, weights = self.cross(x, memory)  # [N, 7, 16], [N, 7, 5]
        return self.norm(y), weights


class Layers(nn.ModuleList):
    def __init__(self):
        super().__init__([Layer() for _ in range(4)])

    def forward(self, x, memory):  # x [N, 7, 16], memory [N, 5, 16]
        weights = []
        for layer in self:
            x, y = layer(x, memory)
            weights.append(y)
        return x, weights


class ResidualBlock(nn.ModuleList):
    def __init__(self):
        super().__init__([nn.Linear(16, 16)])

    def forward(self, x):  # [N, 7, 16]
        return x + F.relu(self[0](x))


class MixedBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(16, 16)

    def forward(self, x, memory):  # x [N, 7, 16], memory [N, 5, 16]
        x = x + memory.mean(dim=1, keepdim=True)
        return self.fc(x)


class Mixed(nn.ModuleList):
    def __init__(self):
        super().__init__([MixedBlock() for _ in range(2)])

    def forward(self, x, memory):  # x [N, 7, 16], memory [N, 5, 16]
        for layer in self:
            x = layer(x, memory)
        return x


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(32, 32)

    def forward(self, x):  # [N, 7, 32]
        x = self.fc(x)
        return F.relu(x)


class Group(nn.ModuleList):
    def __init__(self):
        super().__init__([nn.Linear(16, 8)])

    def forward(self, x):  # [N, 7, 16]
        x = self[0](x)  # [N, 7, 8]
        return F.relu(x)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = Layers()
        self.residual = nn.Sequential(*[ResidualBlock() for _ in range(3)])
        self.mixed = Mixed()
        self.plain = nn.Sequential(
            nn.Sequential(nn.Linear(16, 32), nn.GELU()),  # [N, 7, 32]
            *[nn.Sequential(nn.Linear(32, 32), nn.GELU()) for _ in range(2)],
        )
        self.shared = Shared()
        self.add_module("1", nn.Linear(32, 16))
        self.add_module("2", Group())

    def forward(self, tokens, memory):  # tokens [N, 7, 16], memory [N, 5, 16]
        x, outputs = self.layers(tokens, memory)
        x = self.residual(x)
        x = self.mixed(x, memory)
        x = self.plain(x)  # [N, 7, 32]
        x = self.shared(x)
        x = self.shared(x)
        x = self.shared(x)
        x = getattr(self, "1")(x)  # [N, 7, 16]
        return getattr(self, "2")(x), torch.stack(outputs)  # [N, 7, 8], [4, N, 7, 5]
