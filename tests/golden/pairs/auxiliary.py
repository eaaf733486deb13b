import torch
import torch.nn.functional as F
from torch import nn
from torchvision import models


class Auxiliary(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = models.googlenet(num_classes=5, init_weights=False)

    def forward(self, image, target):
        if not self.training:
            return self.body(image), torch.zeros([])
        found = self.body(image)
        penalty = 0.3 * (F.cross_entropy(found.aux_logits1, target) + F.cross_entropy(found.aux_logits2, target))
        return found.logits, penalty
