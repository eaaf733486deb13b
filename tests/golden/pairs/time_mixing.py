import torch
import torch.nn.functional as F
from torch import nn


class Mix(nn.Module):
    def __init__(self, count, width):
        super().__init__()
        self.weights = nn.Parameter(torch.rand(count, width))

    def forward(self, x):
        before = F.pad(x, [0, 0, 1, -1])
        return [before + each * (x - before) for each in self.weights]


class TimeMix(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.decay = nn.Parameter(torch.zeros(width))
        self.first = nn.Parameter(torch.ones(width))
        self.mix = Mix(3, width)
        self.receptance = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x):
        xr, xk, xv = self.mix(x)
        r, k, v = torch.sigmoid(self.receptance(xr)), self.key(xk), self.value(xv)
        top, bottom = torch.zeros_like(k[:, 0]), torch.zeros_like(k[:, 0])
        most = torch.full_like(top, -1e30)
        w, out = -torch.exp(self.decay), []
        for t in range(x.shape[1]):
            now = torch.maximum(most, self.first + k[:, t])
            a, b = torch.exp(most - now), torch.exp(self.first + k[:, t] - now)
            out.append((a * top + b * v[:, t]) / (a * bottom + b))
            now = torch.maximum(most + w, k[:, t])
            a, b = torch.exp(most + w - now), torch.exp(k[:, t] - now)
            top, bottom, most = a * top + b * v[:, t], a * bottom + b, now
        return self.output(r * torch.stack(out, dim=1))


class Rwkv(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 8)
        self.norm = nn.LayerNorm(8)
        self.time = TimeMix(8)
        self.head = nn.Linear(8, 9, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens)
        return self.head(x + self.time(self.norm(x)))
