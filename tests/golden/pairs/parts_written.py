import torch
from torch import nn


class Tensors(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(4, 4))

    def forward(self, image, row):
        before = image.clone()
        before[:, 0, 1] = row
        y = before.clone()
        y[0, 1, 2] += 1
        with torch.no_grad():
            self.seen[0, 1] += 1
        return before, y * self.seen[0, 1]


class Items(nn.Module):
    def forward(self, a, b, c):
        a, c = a.clone(), c.clone()
        a[:, 0] = 1.0
        c[0] = 0
        return c + (a + b * 2) + b
