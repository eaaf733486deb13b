import torch.nn.functional as F
from torch import nn


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.rnn = nn.LSTM(16, 16, batch_first=True)
        self.norm = nn.LayerNorm(16)

    def forward(self, tokens):
        x = self.embed(tokens)
        y, _ = self.rnn(x)
        x = self.norm(x)
        return F.linear(y + x, self.embed.weight) + self.embed.weight.sum(dim=1)
