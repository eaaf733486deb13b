import torch
from torch import nn


class Mixture(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = nn.Linear(8, 4, bias=False)
        for i in range(4):
            self.add_module(f"expert{i}", nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 8)))

    def forward(self, tokens):
        gates = torch.softmax(self.router(tokens), dim=-1)
        weights, chosen = gates.topk(2, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        shares = torch.zeros_like(gates).scatter(-1, chosen, weights)
        total = 0
        for i in range(4):
            total = total + shares[..., i : i + 1] * self.get_submodule(f"expert{i}")(tokens)
        used = (shares > 0).float().mean(dim=[0, 1])
        return total, 4 * torch.sum(used * gates.mean(dim=[0, 1])) / 2
