import torch
from torch import nn


class Rearranged(nn.Module):
    def forward(self, v):
        shuffled = v[:, torch.randperm(v.shape[1])]
        mirrored = v.flip([2]).roll(1, dims=2)
        a, b, c = v.split([1, 2, 3], dim=2)
        rows = v.unbind(1)
        stacked = torch.stack(rows[::-1], dim=1) + torch.concat([a, a, b[..., :1], c], dim=2)[..., :6]
        windows = v.unfold(2, 3, 1).permute(0, 2, 1, 3).contiguous().view(v.shape[0], 4, -1)
        corners = v[:, ::3, None, [0, -1]].expand(-1, -1, 3, -1).transpose(1, 2)
        square = v[:, :, :4]
        x = square.tril() + square.triu(1) * 2 + torch.diag_embed(square.diagonal(dim1=1, dim2=2))
        return shuffled, mirrored, stacked, windows, corners, x, c.repeat(1, 2, 1).unsqueeze(-1).movedim(0, 1)
