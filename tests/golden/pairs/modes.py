import torch
import torch.nn.functional as F
from torch import nn


class Modes(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12, 16)
        self.auxiliary = nn.Linear(16, 3)

    def forward(self, v):
        x = F.relu(self.hidden(v))
        noisy = x + (0.1 * torch.randn_like(x) if self.training else torch.zeros_like(x))
        if self.training:
            a, b = noisy.chunk(2, dim=1)
            scale = noisy.abs().mean()
            extra = self.auxiliary(x)
        else:
            b, a = noisy.chunk(2, dim=1)
            scale = torch.ones([])
            extra = torch.zeros(x.shape[0], 3)
        x = F.dropout(x, 0.3, training=self.training)
        x = F.alpha_dropout(x, 0.2, training=self.training)
        y = a - 2 * b
        q = x.view(-1, 2, 2, 4)
        z = F.scaled_dot_product_attention(q, q, q, dropout_p=0.25 if self.training else 0.0)
        kept = F.dropout(x, 0.5, training=True)
        return y * scale, extra, z.flatten(1), kept * (0.5 if self.training else 1.0)
