import torch
import torch.nn.functional as F
from torch import nn


class Weighted(nn.Module):
    def __init__(self):
        super().__init__()
        self.loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 1.0]))

    def forward(self, v, t):
        return self.loss(v, t) + F.cross_entropy(v, t, weight=torch.tensor([1.0, 2.0, 0.5]))


EXAMPLES = {"t": torch.tensor([0, 2, 1])}
