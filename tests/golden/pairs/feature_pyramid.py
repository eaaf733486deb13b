import torch
import torch.nn.functional as F
from torch import nn
from torchvision.ops import FeaturePyramidNetwork


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.fpn = FeaturePyramidNetwork([4, 8], 6)

    def forward(self, image):
        low = F.relu(self.conv1(image))
        high = F.relu(self.conv2(low))
        maps = self.fpn({"low": low, "high": high})
        return torch.cat([maps["low"].mean(dim=[2, 3]), maps["high"].amax(dim=[2, 3])], dim=1), maps["high"]
