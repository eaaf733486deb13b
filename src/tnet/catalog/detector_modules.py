"""torchvision's detectors on batches: tensors go in, losses or padded detections come out; or their backbones alone.

Both are also printed into the source of nets that use them, and so use torch and torchvision only.
"""

import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor


def detect(detector, images, targets=None):
    """The losses of a detector in training, else its detections, padded with zeros to the most that an image can have.

    `targets` has a row for each object, and rows of zeros in `boxes` for images with fewer of them.
    """
    if detector.training:
        objects = targets["boxes"].any(dim=2)
        each = [{key: rows[i][objects[i]] for key, rows in targets.items()} for i in range(len(images))]
        return detector(list(images), each)
    found = detector(list(images))
    most = getattr(detector, "roi_heads", detector).detections_per_img

    def padded(rows):
        return torch.cat([rows, rows.new_zeros(most - len(rows), *rows.shape[1:])])

    return {key: torch.stack([padded(each[key]) for each in found]) for key in found[0]}


class DetectorFeatures(nn.Module):
    """The values after submodules of a detector's backbone, for images prepared as the detector prepares them."""

    def __init__(self, detector, paths):
        super().__init__()
        inner = [path.removeprefix("backbone.") for path in paths]
        whole = paths == ["backbone"]
        self.paths = paths
        self.transform = detector.transform
        self.backbone = detector.backbone if whole else create_feature_extractor(detector.backbone, inner)

    def forward(self, images):
        found = self.backbone(self.transform(list(images))[0].tensors)
        if self.paths == ["backbone"]:
            return {"backbone": found}
        return {path: found[path.removeprefix("backbone.")] for path in self.paths}
