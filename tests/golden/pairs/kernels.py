import torch
from torch import nn


class Kernels(nn.Module):
    def forward(self, a, b):
        squared = torch.sum((a[:, None] - b) ** 2, dim=2)
        kernel = torch.exp(-squared / (2 * 1.5**2))
        near, _ = torch.cdist(a, b).min(dim=1)
        top, places = kernel.topk(2, dim=1)
        q, r = torch.linalg.qr(b.T @ b + torch.eye(6))
        values = torch.linalg.svdvals(r)
        centred = a - a.mean(dim=0)
        spread = centred.std(dim=1) + centred.var(dim=1, correction=0) + torch.logsumexp(a, dim=1)
        order = a.argsort(dim=1, descending=True)
        smooth = torch.fft.irfft(torch.fft.rfft(a, dim=1) * 0.5, n=6, dim=1) + torch.special.expit(a)
        return kernel, near + top.sum(dim=1), places, values + abs(q).sum(), spread, a.gather(1, order), smooth
