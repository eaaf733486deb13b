import torch
import torch.nn.functional as F
from torch import nn


class WeightNorm(nn.Module):
    def __init__(self, before, channels, kernel, dilation):
        super().__init__()
        self.dilation = dilation
        self.padding = dilation * (kernel - 1)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.g = nn.Parameter(torch.ones(channels, 1, 1))
        self.v = nn.Parameter(0.01 * torch.randn(channels, before, kernel))

    def forward(self, x):
        weight = self.g * self.v / torch.linalg.vector_norm(self.v, dim=(1, 2), keepdim=True)
        return F.conv1d(F.pad(x, (self.padding, 0)), weight, self.bias, dilation=self.dilation)


class Residual(nn.Module):
    def __init__(self, before, channels, dilation):
        super().__init__()
        self.conv1 = WeightNorm(before, channels, 3, dilation)
        self.dropout = nn.Dropout(0.2)
        self.conv2 = WeightNorm(channels, channels, 3, dilation)
        self.downsample = nn.Conv1d(before, channels, 1) if before != channels else None

    def forward(self, x):
        y = F.relu(self.conv2(self.dropout(F.relu(self.conv1(x)))))
        return F.relu((self.downsample(x) if self.downsample else x) + y)


class Temporal(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(Residual(2, 4, 1), Residual(4, 4, 2), Residual(4, 6, 4))
        self.linear = nn.Linear(6, 3)

    def forward(self, series):
        return self.linear(self.network(series).transpose(1, 2))
