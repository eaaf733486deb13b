import torch.nn.functional as F
from torch import nn


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.localization = nn.Sequential(nn.Conv2d(1, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(64, 6))
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, image):
        theta = self.localization(image).view(-1, 2, 3)
        grid = F.affine_grid(theta, image.shape, align_corners=False)
        x = F.grid_sample(image, grid, align_corners=False)
        small, places = self.pool(self.conv(x))
        return x, self.unpool(small, places) + F.pixel_shuffle(small.repeat(1, 4, 1, 1), 2)
