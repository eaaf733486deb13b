import torch
import torch.nn.functional as F
from torch import nn


class Dynamic(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_linear = nn.Linear(8, 16)
        self.middle_linear = nn.Linear(16, 16)
        self.output_linear = nn.Linear(16, 2)

    def forward(self, v):
        x = F.relu(self.input_linear(v))
        for _ in range(torch.randint(0, 4, ()).item()):
            x = F.relu(self.middle_linear(x))
        return self.output_linear(x)
