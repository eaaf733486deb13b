import torch
from torch import nn


class Norm(nn.Module):
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))
        self.register_buffer("batches", torch.zeros([], dtype=torch.int64))

    def forward(self, x):
        if self.training:
            mean = x.mean(dim=0)
            var = x.var(dim=0, correction=0)
            with torch.no_grad():
                self.mean += self.momentum * (mean.detach() - self.mean)
                self.var.copy_((1 - self.momentum) * self.var + self.momentum * var.detach())
                self.batches += 1
        else:
            mean, var = self.mean, self.var
        return (x - mean) / torch.sqrt(var + self.eps) * self.weight + self.bias


class Centred(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("rates", 10000.0 ** (-torch.arange(0, 6) / 6), persistent=False)
        self.register_buffer("table", torch.tensor([[1.0, 2, 3, 4], [0, 0, 0, 0], [5, 5, 5, 5]]))
        self.register_buffer("seen", torch.full([2, 4], 0.5))
        self.fc = nn.Linear(6, 4)
        self.norm = Norm(4)

    def forward(self, v):
        x = self.norm(self.fc(v * self.rates))
        with torch.no_grad():
            if self.training:
                self.seen[1] = x.mean(dim=0).detach()
            self.seen[0, 1:3] = self.seen[1, :2].clone()
        return x + self.table[0] + self.seen[0]
