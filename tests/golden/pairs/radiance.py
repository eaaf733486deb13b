import torch
import torch.nn.functional as F
from torch import nn


def encode(x, bands):
    return torch.cat([x, *(f(2.0**i * x) for i in range(bands) for f in (torch.sin, torch.cos))], dim=-1)


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc0 = nn.Linear(27, 32)
        self.fc1 = nn.Linear(32, 32)
        self.fc2 = nn.Linear(32 + 27, 32)
        self.fc3 = nn.Linear(32, 32)
        self.sigma = nn.Linear(32, 1)
        self.feature = nn.Linear(32, 32)
        self.color1 = nn.Linear(32 + 15, 16)
        self.color2 = nn.Linear(16, 3)

    def forward(self, places, directions, distances):
        points = encode(places, 4)
        x = F.relu(self.fc1(F.relu(self.fc0(points))))
        x = F.relu(self.fc3(F.relu(self.fc2(torch.cat([x, points], dim=-1)))))
        density = F.relu(self.sigma(x).squeeze(-1))
        view = encode(directions, 2).unsqueeze(1).expand(-1, places.shape[1], -1)
        color = torch.sigmoid(self.color2(F.relu(self.color1(torch.cat([self.feature(x), view], dim=-1)))))
        alpha = 1 - torch.exp(-density * distances)
        clear = torch.cat([torch.ones(len(places), 1), 1 - alpha + 1e-10], dim=1)
        weights = alpha * torch.cumprod(clear, dim=1)[:, :-1]
        return (weights.unsqueeze(-1) * color).sum(dim=1), (weights * distances.cumsum(dim=1)).sum(dim=1)
