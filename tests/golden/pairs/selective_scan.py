import torch
import torch.nn.functional as F
from torch import nn


class Selective(nn.Module):
    def __init__(self, width, state=4, expand=2):
        super().__init__()
        inner = expand * width
        self.state = state
        self.A_log = nn.Parameter(torch.empty(inner, state))
        self.D = nn.Parameter(torch.ones(inner))
        self.in_proj = nn.Linear(width, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, 4, groups=inner, padding=3)
        self.x_proj = nn.Linear(inner, 1 + 2 * state, bias=False)
        self.dt_proj = nn.Linear(1, inner)
        self.out_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        length = x.shape[1]
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        x = F.silu(self.conv(x.transpose(1, 2))[:, :, :length].transpose(1, 2))
        step, B, C = self.x_proj(x).split([1, self.state, self.state], dim=-1)
        delta = F.softplus(self.dt_proj(step))
        decay = (delta.unsqueeze(-1) * -self.A_log.exp()).exp()
        update = (delta * x).unsqueeze(-1) * B.unsqueeze(2)
        h = x.new_zeros(x.shape[0], *self.A_log.shape)
        ys = []
        for t in range(length):
            h = decay[:, t] * h + update[:, t]
            ys.append((h * C[:, t].unsqueeze(1)).sum(dim=-1))
        return self.out_proj((torch.stack(ys, dim=1) + self.D * x) * F.silu(gate))


class Layer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.RMSNorm(width)
        self.mixer = Selective(width)

    def forward(self, x):
        return x + self.mixer(self.norm(x))


class Mamba(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 8)
        self.layers = nn.Sequential(Layer(8), Layer(8))
        self.norm = nn.RMSNorm(8)

    def forward(self, tokens):
        return F.linear(self.norm(self.layers(self.embed(tokens))), self.embed.weight)
