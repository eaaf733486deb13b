import torch
import torch.nn.functional as F
from torch import nn

EXAMPLES = {"label": torch.tensor([0, 1, 0])}


def asymmetric_l1(prediction, target, over=1, under=10):
    error = prediction - target
    return torch.mean(over * torch.clamp(error, min=0) + under * torch.clamp(-error, min=0))


def hard_triplets(embedding, label, margin=0.3):
    distance = torch.cdist(embedding, embedding)
    same = label[:, None] == label
    furthest = distance.masked_fill(~same, 0.0).amax(dim=1)
    nearest = distance.masked_fill(same, torch.inf).amin(dim=1)
    return F.relu(furthest - nearest + margin).mean()


class Losses(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(6, 4)

    def forward(self, features, label, price):
        x = self.body(features)
        asymmetric = asymmetric_l1(x.sum(dim=1), price, under=3)
        triplets = hard_triplets(F.normalize(x, dim=1), label)
        both = F.cross_entropy(x, label, label_smoothing=0.1) + 0.4 * F.mse_loss(x[:, 0], price)
        return x, asymmetric, triplets, both
