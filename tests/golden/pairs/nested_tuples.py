from torch import nn


class Halves(nn.Module):
    def forward(self, x):
        a, b = x.chunk(2, dim=-1)
        return a, (b, a * b)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.LSTM(8, 10, num_layers=2, batch_first=True)
        self.second = nn.GRU(10, 6, bidirectional=True, batch_first=True)
        self.halves = Halves()

    def forward(self, words, more):
        y, (h, c) = self.first(words)
        z, (h, c) = self.first(more, (h, c))
        g, last = self.second(z)
        left, (right, both) = self.halves(g)
        return left + right, both, c, last, y
