"""Runtime, generated from a spec. Shapes are at T=5."""

import torch
import torch.nn.functional as F
from torch import nn


class Centre(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):  # [N, 4]
        if self.training:
            with torch.no_grad():
                self.mean += 0.1 * (x.mean(dim=0).detach() - self.mean)
        return x - self.mean


class Residual(nn.Module):
    """Stochastic depth: the branch is left out for some samples."""

    def __init__(self, p, value):
        super().__init__()
        self.p = p
        self.value = value
        self.linear = nn.Linear(4, 4)

    def forward(self, x):  # [N, 4]
        N = x.shape[0]
        y = F.gelu(self.linear(x))
        if self.training:
            keep = (torch.rand(N, 1, device=x.device) >= self.p).float() / self.value  # [N, 1]
            y = y * keep
        return x + y


class Residual2(nn.Module):
    """Stochastic depth: the branch is left out for some samples."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):  # [N, 4]
        y = F.gelu(self.linear(x))
        return x + y


class Runtime(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("seen", torch.zeros(3, 4))
        self.cell = nn.Linear(4, 4)
        self.centre = Centre()
        self.residual = Residual(p=0.2, value=0.8)
        self.residual_1 = Residual(p=0.5, value=0.5)
        self.residual_2 = Residual2()
        self.aux = nn.Linear(4, 3)

    def forward(self, v, w):  # v [N, 5, 4], w [N, 4]
        N = v.shape[0]
        steps = self.steps.clone()  # []
        h = w
        for t in range(v.shape[1]):
            if self.training:
                h2 = F.tanh(v[:, t] + h)
            else:
                h2 = v[:, t] + F.relu(h)
            h = self.cell(h2) + h * (0.5 if self.training else 1.0)
        x = self.centre(h)
        x = self.residual(x)
        x = self.residual_1(x)
        x = self.residual_2(x)
        with torch.no_grad():
            self.steps += 1
            self.seen[0] = x.mean(dim=0).detach()
        scale = x.std(dim=0) if self.training else self.seen[0]  # [4]
        if self.training:
            a, b = x.chunk(2, dim=1)  # 2 x [N, 2]
            y = self.aux(x)  # [N, 3]
        else:
            b, a = x.chunk(2, dim=1)  # 2 x [N, 2]
            y = torch.zeros(N, 3, device=v.device)  # [N, 3]
        return x * scale, a - 2 * b, y, steps
