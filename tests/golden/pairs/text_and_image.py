import torch
import torch.nn.functional as F
from torch import nn


class Tower(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        for i in range(2):
            self.add_module(f"norm{i}", nn.LayerNorm(width))
            self.add_module(f"attn{i}", nn.MultiheadAttention(width, heads, batch_first=True))
            mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(approximate="tanh"), nn.Linear(2 * width, width))
            self.add_module(f"mlp{i}", mlp)

    def forward(self, x, mask=None):
        for i in range(2):
            y = self.get_submodule(f"norm{i}")(x)
            x = x + self.get_submodule(f"attn{i}")(y, y, y, attn_mask=mask, need_weights=False)[0]
            x = x + self.get_submodule(f"mlp{i}")(x)
        return x


class Visual(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls = nn.Parameter(torch.randn(16))
        self.patches = nn.Conv2d(3, 16, 8, stride=8, bias=False)
        self.tower = Tower(16, 2)
        self.proj = nn.Linear(16, 8, bias=False)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), 1, 16), x], dim=1)
        return self.proj(self.tower(x)[:, 0])


class Clip(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.6592))
        self.visual = Visual()
        self.embed = nn.Embedding(10, 16)
        self.textual = Tower(16, 2)
        self.text_proj = nn.Linear(16, 8, bias=False)

    def forward(self, image, text):
        a = F.normalize(self.visual(image), dim=-1)
        x = self.embed(text) + torch.arange(6).unsqueeze(-1) / 6
        x = self.textual(x, torch.triu(torch.full([6, 6], -torch.inf), diagonal=1))
        b = F.normalize(self.text_proj(x[torch.arange(len(image)), text.argmax(dim=-1)]), dim=-1)
        logits = self.scale.exp() * a @ b.t()
        return logits, logits.t()
