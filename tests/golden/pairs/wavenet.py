import torch
import torch.nn.functional as F
from torch import nn


class Gated(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.dilation = dilation
        self.conv = nn.Conv1d(6, 12, 2, dilation=dilation)
        self.res = nn.Conv1d(6, 6, 1)
        self.skip = nn.Conv1d(6, 6, 1)

    def forward(self, x):
        a, b = self.conv(F.pad(x, (self.dilation, 0))).chunk(2, dim=1)
        y = torch.tanh(a) * torch.sigmoid(b)
        return x + self.res(y), self.skip(y)


class WaveNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Conv1d(1, 6, 1)
        self.layer0 = Gated(1)
        self.layer1 = Gated(2)
        self.layer2 = Gated(4)
        self.end1 = nn.Conv1d(6, 6, 1)
        self.end2 = nn.Conv1d(6, 8, 1)

    def forward(self, audio):
        x, total = self.start(audio), 0
        for layer in (self.layer0, self.layer1, self.layer2):
            x, skip = layer(x)
            total = total + skip
        return self.end2(F.relu(self.end1(F.relu(total))))
