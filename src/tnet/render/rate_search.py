"""A trial of learning rates, to be looked at: as text, picture, page or plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..training.rate_search import RateTrial
from . import html
from .canvas import Canvas
from .canvas_png import png
from .canvas_svg import svg
from .chart import chart
from .rate_figure import rate_figure
from .terminal import UNLIMITED

WIDEST = 60
"""Columns of the curve in the terminal."""


class RateSearch(RateTrial):
    """`print` it; `.svg()`, `.png()` and `.html()` are its picture, `.data()` is for programs."""

    @classmethod
    def of(cls, it: RateTrial) -> RateSearch:
        return cls(**vars(it))

    def data(self) -> dict[str, Any]:
        """For programs: plain data."""
        return asdict(self)

    def table(self, width: int = UNLIMITED) -> str:
        """The text: the suggestion and the losses as a curve, at most `width` columns wide."""
        least = min(self.smoothed)
        lines = chart([loss - least for loss in self.smoothed], min(width, WIDEST))
        columns = min(width, WIDEST, len(self.rates))
        axis = f"{self.rates[0]:.0e}".ljust(columns - 7) + f"{self.rates[-1]:.0e}"
        return "\n".join([*self.said(), "", f"loss, from {least:.4g}, over the learning rate", *lines, axis])

    def said(self) -> Iterator[str]:
        """What the trial says, a line each."""
        if self.suggested is None:
            yield "the loss falls at none of these rates: nothing is suggested"
        else:
            suggested = f"suggested: lr = {rounded(self.suggested)}, where the loss falls fastest"
            yield f"{suggested}; the recipe has {self.own:g}"
        yield f"least loss at {rounded(self.least)}; " + (
            f"it diverges at {rounded(self.rates[-1])}" if self.diverged else f"tried up to {self.rates[-1]:g}"
        )

    def __str__(self) -> str:
        return self.table()

    def figure(self) -> Canvas:
        return rate_figure(self)

    def svg(self) -> str:
        """The picture: the losses over the rates."""
        return svg(self.figure())

    def png(self) -> bytes:
        """The same as pixels."""
        return png(self.figure())

    def html(self) -> str:
        """The picture on a page of its own, which loads nothing."""
        title = f"Learning rates of {self.spec}"
        said = [f"<p>{html.words(each)}</p>" for each in self.said()]
        return html.page(title, [f"<h1>{html.words(title)}</h1>", *said, svg(self.figure(), alone=False)], curves=True)


def rounded(rate: float) -> str:
    """A rate as one would write it, with two digits: `0.0032`, `3.2e-05`."""
    return f"{float(f'{rate:.1e}'):g}"
