"""What torchvision's detectors give, read off one of them: they cannot be run for it, since that depends on data."""

from __future__ import annotations

from torch import nn

BACKBONE = "backbone"

RCNN = ("loss_classifier", "loss_box_reg", "loss_objectness", "loss_rpn_box_reg")
LOSSES = {
    "FasterRCNN": RCNN,
    "MaskRCNN": (*RCNN, "loss_mask"),
    "KeypointRCNN": (*RCNN, "loss_keypoint"),
    "FCOS": ("classification", "bbox_regression", "bbox_ctrness"),
    "RetinaNet": ("classification", "bbox_regression"),
    "SSD": ("classification", "bbox_regression"),
}
"""The losses that each class of detector gives in training, each a scalar; they are to be added up."""


def losses(detector: nn.Module) -> tuple[str, ...]:
    """The names of the losses that a detector gives in training."""
    return LOSSES[type(detector).__name__]


def most_detections(detector: nn.Module) -> int:
    """How many detections an image can have."""
    return getattr(detector, "roi_heads", detector).detections_per_img


def has_one_size(detector: nn.Module) -> bool:
    """Whether images are prepared at one size, not at one drawn at each pass."""
    return detector.transform.fixed_size is not None or len(detector.transform.min_size) == 1


def keypoints(detector: nn.Module) -> int:
    """How many keypoints a detector finds on an object; 0 if it looks for none."""
    predictor = getattr(getattr(detector, "roi_heads", None), "keypoint_predictor", None)
    return predictor.kps_score_lowres.out_channels if predictor is not None else 0


def has_masks(detector: nn.Module) -> bool:
    """Whether a detector gives a mask for each object."""
    return getattr(getattr(detector, "roi_heads", None), "mask_predictor", None) is not None


def is_detector(model: nn.Module) -> bool:
    """Whether a model is one of torchvision's detectors, whole."""
    return type(model).__name__ in LOSSES and type(model).__module__.startswith("torchvision.")
