"""Outer, generated from a spec. Shapes are at T=5."""

from functools import partial

import einops
import torch
import torch.nn.functional as F
from einops.layers.torch import Rearrange
from torch import nn
from torchvision.ops import MLP


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8)

    def forward(self, v):  # [N, 8]
        x = self.linear(v)
        return F.relu(x)


class Swish(nn.Module):
    def forward(self, x):  # [N, 8]
        return x * F.sigmoid(x)


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Parameter(torch.empty(8))
        nn.init.uniform_(self.l, a=-0.1, b=0.1)
        y = torch.arange(0, 64).unsqueeze(1)
        y = torch.sin(y * torch.exp(torch.arange(0, 8, 2) * -1.151292546497023))
        z = torch.arange(0, 64).unsqueeze(1)
        z = torch.cos(z * torch.exp(torch.arange(0, 8, 2) * -1.151292546497023))
        self.register_buffer("table", torch.cat([y, z], dim=1))
        self.inner = Inner()
        self.enc = nn.TransformerEncoderLayer(8, 2, 16, activation=F.gelu, batch_first=True)
        self.mlp = MLP(8, [16, 8], norm_layer=partial(nn.LayerNorm, eps=1e-6), activation_layer=nn.GELU)
        self.rearrange = Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=4, q=4)
        self.linear = nn.Linear(48, 8)
        self.conv1d = nn.Conv1d(8, 4, 3, padding="same", padding_mode="reflect")
        self.batchnorm1d = nn.BatchNorm1d(4, momentum=None)
        self.sw = Swish()
        self.sw2 = Swish()

    def forward(self, v, seq, image, mask):  # v [N, 8], seq [N, 5, 8], image [N, 3, 16, 16], mask [N, 8]
        x = self.inner(v)
        y = self.enc(seq)
        z = self.mlp(y.float())
        del y
        i = self.linear(self.rearrange(image))  # [N, 16, 8]
        r = einops.rearrange(seq, "b t (h d) -> b h t d", h=2)  # [N, 2, 5, 4]
        n = torch.linalg.norm(r, dim=-1)  # [N, 2, 5]
        w = torch.fft.fft(x).real + torch.special.expit(x)
        m = torch.where(mask, x, torch.zeros_like(x)).masked_fill(~mask, float("-inf"))
        e = i.to(torch.float64).sum() ** 0.5  # []
        s = self.batchnorm1d(self.conv1d(seq.transpose(1, 2)))  # [N, 4, 5]
        ii = F.one_hot(mask.long(), 2).float()  # [N, 8, 2]
        q = self.l * x + torch.einsum("nt,t->n", x, self.l).unsqueeze(1)
        x = x + self.table[0]
        x = self.sw(x)
        return self.sw2(x), z, n, w, m, e, s, ii, q
