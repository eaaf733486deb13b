import math

import torch
import torch.nn.functional as F
from torch import nn


class Known(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0_0 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv1_0 = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.conv1_1 = nn.Conv2d(8, 8, 3, padding=1)
        self.fc = nn.Linear(8, 6)

    def forward(self, image):
        x = torch.tanh(self.conv0_0(image))
        x = F.relu(self.conv1_0(x))
        x = F.relu(self.conv1_1(x))
        total = 4 + 8 + 8 + 4 * 8 - 3 + 3 + 3 + 3
        x = x * (math.sqrt(2 / (1 + 0.01**2)) * (5 / 3) / total) + 1e-3
        return self.fc(x.mean(dim=[2, 3])) + (-1.0 + 0.5)
