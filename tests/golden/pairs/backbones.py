import torch
from torch import nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor


class Replaced(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = models.squeezenet1_1(num_classes=10)
        self.body.classifier[1] = nn.Sequential(nn.Dropout(0.2), nn.Conv2d(512, 2, 1))

    def forward(self, image):
        return self.body(image)


class Taps(nn.Module):
    def __init__(self):
        super().__init__()
        body = models.resnet18()
        body.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        self.body = create_feature_extractor(body, ["layer1", "layer2"])
        self.head = nn.Linear(192, 4)

    def forward(self, image):
        features = self.body(image)
        low, high = features["layer1"], features["layer2"]
        return self.head(torch.cat([low.mean(dim=[2, 3]), high.amax(dim=[2, 3])], dim=1))
