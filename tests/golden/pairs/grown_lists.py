import torch
from torch import nn


class Drawn(nn.Module):
    def __init__(self):
        super().__init__()
        self.middle = nn.Linear(4, 4)

    def forward(self, v):
        x, seen, last = v, [v], [v, v]
        for _ in range(torch.randint(1, 4, ()).item()):
            x = torch.relu(self.middle(x))
            seen.append(x)
            last.extend([x * 2, x])
        return torch.stack(seen).mean(dim=0), torch.cat([torch.stack(last, dim=1).mean(dim=1), last[-1]], dim=1)


class Nested(nn.Module):
    def forward(self, v):
        return v.cumsum(dim=1).mean(dim=[1, 2])


class Triangle(nn.Module):
    def forward(self, v):
        steps = v.shape[1]
        rows = [v[:, t] * v[:, s] for t in range(steps) for s in range(t, steps)]
        return torch.stack([*rows, v[:, 0]]).mean(dim=0)
