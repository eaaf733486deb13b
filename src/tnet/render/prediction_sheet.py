"""What a run says of pictures, each with its answer: the input, what its answer is due to, and what the net made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
import torch
from torch import Tensor

from ..training.prediction import Prediction
from . import html
from .canvas import Canvas
from .canvas_png import png
from .canvas_svg import svg
from .pixels import Pixels, coloured, picture, spread
from .sheet import Item, sheet

FOR, AGAINST = (203, 36, 49), (5, 80, 174)
"""Colours of pixels that speak for the answer, and against it."""
FAINT = 0.35
"""How much of the picture is left below the colours, which go over white."""


@dataclass(frozen=True)
class PredictionSheet:
    """Predictions to be looked at: as a picture or a page."""

    canvas: Canvas

    def svg(self) -> str:
        return svg(self.canvas)

    def png(self) -> bytes:
        return png(self.canvas)

    def html(self) -> str:
        """The picture on a page of its own, which loads nothing."""
        return html.page(self.canvas.title, [svg(self.canvas, alone=False)])


def prediction_sheet(title: str, predictions: Iterable[tuple[Prediction, str]]) -> PredictionSheet:
    """The sheet of predictions, each with its answer in words, none where that is empty."""
    return PredictionSheet(sheet(title, [_item(prediction, said) for prediction, said in predictions]))


def _item(prediction: Prediction, said: str) -> Item:
    shown = [picture(each) for each in prediction.pictures]
    overlays = [overlaid(*each) for each in zip(prediction.pictures, prediction.attributions, strict=False)]
    made = [picture(each) if 0 <= each.min() and each.max() <= 1 else _spread(each) for each in prediction.made]
    maps = [coloured(each) for each in prediction.maps]
    return Item([*shown, *overlays, *maps, *made], [*filter(None, [said]), PurePath(prediction.answer["input"]).name])


def _spread(image: Tensor) -> Pixels:
    return picture((image - image.min()) / (image.max() - image.min()).clamp(min=1e-12))


def overlaid(image: Tensor, attribution: Tensor) -> Pixels:
    """The image [C, H, W] in faint grey below the attribution [H, W]: red speaks for the answer, blue against it, the
    stronger the more. The strongest percent of the pixels are full."""
    grey = spread(image.float().mean(0))
    below = 255 - FAINT * (255 - grey[:, :, None].astype(np.float32))
    most = float(attribution.abs().flatten().quantile(0.99)) or float(attribution.abs().max()) or 1.0
    strength = (attribution.abs() / most).clamp(max=1.0).sqrt()[:, :, None].numpy()
    colour = torch.where(attribution[:, :, None] > 0, torch.tensor(FOR), torch.tensor(AGAINST)).numpy()
    return (below * (1 - strength) + colour * strength).round().astype(np.uint8)
