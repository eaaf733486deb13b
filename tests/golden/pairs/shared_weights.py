import torch
import torch.nn.functional as F
from torch import nn


class Step(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
        self.b = nn.Linear(8, 8)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.down16 = nn.Linear(8, 16)
        self.down8 = nn.Linear(16, 8)
        self.mix = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
        self.steps = Step()
        self.again = nn.Linear(8, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, v):
        x = F.relu(self.down8(F.relu(self.down16(v))))
        total = x
        for _ in range(3):
            x = self.mix(x)
            total = total + x
        x = torch.sigmoid(self.down8(torch.sigmoid(self.down16(x))))
        for _ in range(2):
            x = self.steps(x)
        for _ in range(3):
            x = self.again(x)
        return self.head(x), total
