"""A contact sheet of training samples as the net gets them, normalisation undone, with their labels."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ..data.loaders import Loader, Loaders
from ..data.samples import BOXES, MASK
from ..data.survey import called
from ..data.transforms.kinds import Fields
from ..diagnostics import error
from .canvas import Canvas
from .pixels import picture
from .sheet import Item, sheet

SAMPLES = 24
PALETTE = ["#0969da", "#d4470d", "#1a7f37", "#8250df", "#bf3989", "#9a6700", "#1b7c83", "#cf222e"]


def data_sheet(loaders: Loaders, title: str, count: int = SAMPLES) -> Canvas:
    """The first samples of the first epoch. Raises SpecError (TN0703) for data without pictures."""
    train = loaders.train
    if not train.samples.images:
        raise error("TN0703", "the data has no pictures to draw", train.samples.span)
    numbers = torch.cat(train.chunks(0))[:count]
    return sheet(title, [_item(train, loaders, number) for number in numbers.split(1)])


def _item(loader: Loader, loaders: Loaders, number: Tensor) -> Item:
    fields = {name: value[0] for name, value in loader.make(number, epoch=0).items()}
    pictures = [shown for name in loader.pipeline.pictures for shown in _pictures(loader, fields, name)]
    return Item([picture(each) for each in pictures], [*_label(fields, loader, loaders), f"sample {int(number)}"])


def _label(fields: Fields, loader: Loader, loaders: Loaders) -> list[str]:
    target = fields.get("target")
    if target is None or target.numel() != 1:
        return []
    if loader.samples.labels is None:
        return [f"{float(target):g}"]
    return [called(int(target), loaders.classes)]


def _pictures(loader: Loader, fields: Fields, name: str) -> Iterator[Tensor]:
    """An image, or each frame of a video, with the masks and boxes of the sample on it."""
    image = loader.pipeline.undone(fields[name])
    for frame in image if image.ndim == 4 else [image]:
        yield _marked(frame, fields, loader.samples.kinds)


def _marked(image: Tensor, fields: Fields, kinds: dict[str, str]) -> Tensor:
    """https://docs.pytorch.org/vision/stable/utils.html"""
    from torchvision import utils
    from torchvision.transforms.v2 import functional

    marks = [(kinds[name], value) for name, value in fields.items() if kinds.get(name) in (MASK, BOXES)]
    if not marks:
        return image
    image = functional.to_dtype(image.clamp(0, 1) if image.is_floating_point() else image, torch.uint8, scale=True)
    image = image[:3] if len(image) >= 3 else image[:1].expand(3, -1, -1)
    for kind, value in marks:
        if kind == MASK:
            masks, colours = _objects(value)
            image = utils.draw_segmentation_masks(image, masks, alpha=0.5, colors=colours) if len(masks) else image
        elif len(found := value[(value[:, 2] > value[:, 0]) & (value[:, 3] > value[:, 1])]):
            image = utils.draw_bounding_boxes(image, found, colors=PALETTE[0])
    return image


def _objects(mask: Tensor) -> tuple[Tensor, list[str]]:
    """Each object, or each class but the first and 255, which losses leave out, as a mask of its own [objects, H, W],
    with the colours, a class's own one."""
    classes = torch.arange(len(mask)) if mask.ndim == 3 else mask.unique()
    classes = classes if mask.ndim == 3 else classes[(classes > 0) & (classes < 255)]
    colours = [PALETTE[number % len(PALETTE)] for number in classes.tolist()]
    return (mask.bool() if mask.ndim == 3 else mask == classes[:, None, None]), colours
