"""What a model says of the samples of an evaluation: what is taken for what, and the samples that it is worst at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...data.loaders import Loader
from ...data.samples import IMAGE
from ..losses import OF_PROBABILITIES
from ..outputs import outputs_of

MOST = 24
"""Samples kept of those that the model is worst at."""
MOST_CLASSES = 100
"""Classes up to which every pair is counted."""
MOST_PAIRS = 1000
"""Samples of a regression of which the prediction is kept."""
MOST_VALUES = 8
"""Numbers shown of a sample that is no picture."""


@dataclass(frozen=True)
class Sample:
    """One sample: its number in the data set, its file if it has one, its answers, and its inputs to be looked at:
    `pictures` [C, H, W], in the numbers before `Normalize`, or the first of its numbers by input. `maps` are the
    classes of its pixels, the true ones and those that were predicted, int64 [H, W]."""

    number: int
    path: str | None
    target: str
    predicted: str
    loss: float
    probability: float | None = None
    pictures: Sequence[Tensor] = ()
    values: Mapping[str, list[float]] = field(default_factory=dict)
    maps: Sequence[Tensor] = ()


class Predictions:
    """A tap of an evaluator: told of each batch, it keeps on the device what the report needs, and reads it once.

    With `classes` it counts which class is taken for which (rows are the true ones) and keeps the mistakes with the
    largest cross entropy; `binary` is the name of a loss of two classes, for a net that gives one number. With
    `regression` it keeps pairs of target and prediction, and the largest errors. `dense` says that each place of a
    sample, as a pixel, has a class: places are counted, and the samples kept of which the most are wrong. `labels` are
    those of a net that says of each whether a sample has it, by the loss `binary`: each is counted by itself, and the
    samples are kept with the largest binary cross entropy.
    """

    def __init__(
        self,
        classes: Sequence[str] = (),
        regression: bool = False,
        binary: str | None = None,
        dense: bool = False,
        labels: Sequence[str] = (),
    ):
        self.classes, self.regression, self.binary, self.dense = list(classes), regression, binary, dense
        self.labels = list(labels)
        self.loader: Loader | None = None
        self.began = 0.0

    @property
    def means_something(self) -> bool:
        return bool(self.classes or self.labels) or self.regression

    def begin(self, loader: Loader) -> None:
        """An evaluation on these data begins."""
        self.loader, self.seen, self.began = loader, 0, time.monotonic()
        self.counts: Tensor | None = None
        self.worst: Tensor | None = None
        self.pairs: list[Tensor] = []

    def see(self, batch: Mapping[str, Tensor], outputs: Any) -> None:
        """A batch of the evaluation with what the net gives of it."""
        if not self.means_something:
            return
        output, target = outputs_of(outputs)[0].float(), batch["target"]
        if self.binary and not self.labels:
            output = _as_two(output.flatten(), self.binary in OF_PROBABILITIES)
            target = (target.flatten() > 0.5).long()
        self._see(output, target)
        self.seen += len(target)

    @property
    def _see(self) -> Callable[[Tensor, Tensor], None]:
        if self.labels:
            return self._see_labels
        if self.dense:
            return self._see_places
        return self._see_classes if self.classes else self._see_numbers

    def _see_labels(self, output: Tensor, target: Tensor) -> None:
        """Output and target [N, labels]; counted are, of each label, those that are right, there, said, and both."""
        there, said = target > 0.5, self._said_of(output)
        logits = output.logit(1e-7) if self.binary in OF_PROBABILITIES else output
        losses = binary_cross_entropy_with_logits(logits, there.float(), reduction="none").mean(1)
        wrong = (there != said).sum(1)
        self._keep(torch.where(wrong > 0, losses, -1.0), wrong, wrong, torch.zeros_like(losses))
        counts = torch.stack([(there == said).sum(0), there.sum(0), said.sum(0), (there & said).sum(0)])
        self.counts = counts if self.counts is None else self.counts + counts

    def _said_of(self, output: Tensor) -> Tensor:
        return output > (0.5 if self.binary in OF_PROBABILITIES else 0.0)

    def by_label(self) -> dict[str, dict[str, float | None]]:
        """Accuracy, precision and recall of each label, None where there is none to count."""
        if not self.labels or self.counts is None:
            return {}
        return {
            name: {"accuracy": right / self.seen, "precision": both / said if said else None,
                   "recall": both / there if there else None, "samples": there}
            for name, (right, there, said, both) in zip(self.labels, self.counts.T.tolist(), strict=True)
        }  # fmt: skip

    def _see_classes(self, output: Tensor, target: Tensor) -> None:
        classes = len(self.classes)
        counted = (target >= 0) & (target < classes)  # a loss may leave out samples of another number
        losses = cross_entropy(output, target.clamp(0, classes - 1), reduction="none")
        shares, found = output.softmax(1).max(1)
        losses = torch.where(counted & (found != target), losses, -1.0)
        self._keep(losses, target, found, shares)
        self._count(counted, target, found)

    def _see_places(self, output: Tensor, target: Tensor) -> None:
        """Output [N, classes, …], target [N, …]; kept are how many places a sample has and how many are wrong."""
        counted, found = (target >= 0) & (target < len(self.classes)), output.argmax(1)
        there, wrong = (each.flatten(1).sum(1) for each in (counted, counted & (found != target)))
        self._keep(torch.where(wrong > 0, wrong / there, -1.0), there, wrong, torch.zeros_like(there))
        self._count(counted.flatten(), target.flatten(), found.flatten())

    def _count(self, counted: Tensor, target: Tensor, found: Tensor) -> None:
        classes = len(self.classes)
        if classes <= MOST_CLASSES:
            pairs = torch.where(counted, target * classes + found, classes**2)
            counts = torch.bincount(pairs, minlength=classes**2 + 1)[:-1]
            self.counts = counts if self.counts is None else self.counts + counts

    def _see_numbers(self, output: Tensor, target: Tensor) -> None:
        output, target = output.flatten(), target.flatten().float()
        self._keep((output - target).abs(), target, output, torch.zeros_like(output))
        if self.seen < MOST_PAIRS:
            self.pairs.append(torch.stack([target, output], 1)[: MOST_PAIRS - self.seen])

    def _keep(self, losses: Tensor, *more: Tensor) -> None:
        """The samples with the largest losses, in rows of (loss, place, target, prediction, probability)."""
        places = torch.arange(self.seen, self.seen + len(losses), device=losses.device)
        rows = torch.stack([each.double() for each in (losses, places, *more)], 1)
        rows = rows if self.worst is None else torch.cat([self.worst, rows])
        self.worst = rows[rows[:, 0].topk(min(MOST, len(rows))).indices]

    def confusion(self) -> list[list[int]] | None:
        """How often samples of each class (rows) are taken for each."""
        return None if self.counts is None or self.labels else self.counts.view(len(self.classes), -1).tolist()

    def scatter(self) -> list[list[float]]:
        """Pairs of target and prediction."""
        return torch.cat(self.pairs).tolist() if self.pairs else []

    def samples(self, answers: Callable[[Mapping[str, Tensor]], Tensor]) -> list[Sample]:
        """Those that the model is worst at, the worst first; `answers` gives the net's first output for fields."""
        rows = [] if self.worst is None else self.worst.tolist()
        rows = [row for row in rows if row[0] >= 0]
        if not rows:
            return []
        numbers = self.loader.indices[torch.tensor([int(row[1]) for row in rows])]
        fields = self.loader.pipeline.one_crop(self.loader.make(numbers, 0))
        pictures, others = to_look_at(self.loader, fields)
        paths = getattr(self.loader.samples, "paths", None)
        maps = [fields["target"], answers(fields).argmax(1).cpu()] if self.dense and fields["target"].ndim == 3 else []
        said = self._sets(fields, answers(fields)) if self.labels else [list(map(self._said, row[2:4])) for row in rows]
        return [
            Sample(
                number, str(paths[number]) if paths else None, *said[place], row[0],
                row[4] if self.classes and not self.dense else None, [each[place] for each in pictures],
                {name: value[place].flatten()[:MOST_VALUES].tolist() for name, value in others.items()},
                [each[place] for each in maps],
            )
            for place, (number, row) in enumerate(zip(numbers.tolist(), rows, strict=True))
        ]  # fmt: skip

    def _sets(self, fields: Mapping[str, Tensor], output: Tensor) -> list[list[str]]:
        """The labels that samples have, and those that the net says they have."""
        pairs = zip(fields["target"] > 0.5, self._said_of(output.float()).cpu(), strict=True)
        return [[self._listed(each) for each in pair] for pair in pairs]

    def _listed(self, mask: Tensor) -> str:
        return ", ".join(name for name, there in zip(self.labels, mask.tolist(), strict=True) if there) or "none"

    def _said(self, answer: float) -> str:
        if self.dense:
            return str(int(answer))
        return self.classes[int(answer)] if self.classes else f"{answer:.4g}"


def _as_two(output: Tensor, shares: bool) -> Tensor:
    """The logits of two classes [N, 2], from that of the second, or from its probability."""
    second = output.logit(1e-7) if shares else output
    return torch.stack([torch.zeros_like(second), second], 1)


def images_of(loader: Loader, fields: Mapping[str, Tensor]) -> list[str]:
    """The inputs of the net that are images, [N, C, H, W]."""
    kinds, inputs = loader.pipeline.kinds, loader.pipeline.dtypes
    return [name for name, each in fields.items() if name in inputs and kinds.get(name) == IMAGE and each.ndim == 4]


def to_look_at(loader: Loader, fields: Mapping[str, Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
    """Of samples as the net takes them: the images [N, C, H, W] in the numbers before `Normalize`, and the other
    inputs."""
    inputs = {name: value for name, value in fields.items() if name in loader.pipeline.dtypes}
    images = images_of(loader, inputs)
    pictures = [loader.pipeline.undone(inputs[name]) for name in images]
    return pictures, {name: value for name, value in inputs.items() if name not in images}
