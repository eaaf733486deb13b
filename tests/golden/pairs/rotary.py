import torch
import torch.nn.functional as F
from torch import nn


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-b, a], dim=-1) * sin


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.wq = nn.Linear(16, 16, bias=False)
        self.wk = nn.Linear(16, 8, bias=False)
        self.wv = nn.Linear(16, 8, bias=False)
        self.wo = nn.Linear(16, 16, bias=False)

    def forward(self, x, cos, sin):
        b, t, c = x.shape
        q = rotate(self.wq(x).view(b, t, 4, 4).transpose(1, 2), cos, sin)
        k = rotate(self.wk(x).view(b, t, 2, 4).transpose(1, 2), cos, sin)
        v = self.wv(x).view(b, t, 2, 4).transpose(1, 2)
        x = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.wo(x.transpose(1, 2).reshape(b, t, c))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = nn.RMSNorm(16, eps=1e-5)
        self.attention = Attention()
        self.ffn_norm = nn.RMSNorm(16, eps=1e-5)
        self.w1 = nn.Linear(16, 32, bias=False)
        self.w3 = nn.Linear(16, 32, bias=False)
        self.w2 = nn.Linear(32, 16, bias=False)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.attention_norm(x), cos, sin)
        y = self.ffn_norm(x)
        return x + self.w2(F.silu(self.w1(y)) * self.w3(y))


class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("rates", 10000.0 ** (-torch.arange(0, 4, 2) / 4), persistent=False)
        self.embed = nn.Embedding(12, 16)
        self.layers = nn.ModuleList(nn.ModuleDict({"layer": Layer()}) for _ in range(2))
        self.norm = nn.RMSNorm(16, eps=1e-5)
        self.head = nn.Linear(16, 12, bias=False)

    def forward(self, tokens):
        angles = torch.outer(torch.arange(0, tokens.shape[1]), self.rates).repeat(1, 2)
        cos, sin = angles.cos(), angles.sin()
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer["layer"](x, cos, sin)
        return self.head(self.norm(x))
