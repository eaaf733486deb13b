import torch
from torch import nn

EXAMPLES = {"padding": torch.arange(7).expand(3, 7) >= torch.tensor([[7], [5], [2]])}


class Cross(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, query, memory, gate=1.0):
        y, weights = self.attention(query, memory, memory, need_weights=True, average_attn_weights=False)
        return query + gate * y, weights


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Cross(16, 4)
        self.second = Cross(16, 2)
        self.third = nn.MultiheadAttention(16, 4, kdim=10, vdim=10, batch_first=True)
        self.fourth = nn.MultiheadAttention(16, 4, dropout=0.1, batch_first=True)

    def forward(self, query, memory, image, padding):
        x, weights = self.first(query, memory)
        x, _ = self.second(x, memory, gate=0.5)
        z, _ = self.third(x, image, image, need_weights=False)
        y, _ = self.fourth(x, memory, memory, key_padding_mask=padding, need_weights=False)
        return x + y + z, weights
