"""The parts of the data: each with the samples that it reads and their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..diagnostics import did_you_mean, error
from . import splits
from .samples import Samples, Windows

if TYPE_CHECKING:
    from .recipe import DataRecipe

PARTS = ("train", "val", "test")
Parts = dict[str, tuple[Samples, Tensor]]


def cut(recipe: DataRecipe, samples: Mapping[str, Samples], drawn: Mapping[str, Tensor] | None = None) -> Parts:
    """Each part with the numbers of its samples, int64; `split` cuts `train`, unless Python gave the parts themselves,
    or as it was `drawn` before. Raises SpecError (TN0703, TN0704)."""
    for name, each in samples.items():
        if not len(each):
            raise error("TN0703", f"`{name}` has no samples", recipe.spans.get(name))
    whole = {name: (each, torch.arange(len(each))) for name, each in samples.items()}
    names = names_cut(recipe, samples)
    if not names:
        return whole
    train = samples["train"]
    if train.by_stream:
        raise error(
            "TN0704", "a stream of samples cannot be cut", recipe.spans.get("split"), help="set `val` to another"
        )
    if train.ordered:
        lots = _cut_sequence(recipe, train, names)
    else:
        lots = [(train, piece) for piece in _pieces(recipe, train, names, drawn)]
    return whole | dict(zip(names, lots, strict=True))


def names_cut(recipe: DataRecipe, samples: Mapping[str, Samples]) -> Sequence[str]:
    """The parts that `split` makes of `train`."""
    names = PARTS[: len(recipe.split or ())]
    return names if samples.keys().isdisjoint(names[1:]) else ()


def fitted(parts: Parts, spans: Mapping) -> Parts:
    """The parts with what the training part decides of how samples are read. Raises SpecError (TN0703)."""
    raw, indices = parts["train"]
    train = raw.fitted(indices)
    found = {name: (train if each is raw else each.like(train), i) for name, (each, i) in parts.items()}
    for name, (each, _) in found.items():
        each.tolerant = raw.tolerant
        _same_classes(train, each, name, spans)
    return found


def _same_classes(train: Samples, other: Samples, part: str, spans: Mapping) -> None:
    """Class numbers mean the same in all parts."""
    mine, others = list(train.classes or ()), list(other.classes or ())
    if not mine or not others or mine == others:
        return
    lone = [name for name in others if name not in mine]
    missing = ", ".join(f"`{name}`" for name in lone or sorted(set(mine) - set(others)))
    whose = f"`{part}` has {missing}, which `train` lacks" if lone else f"`{part}` lacks {missing} of `train`"
    advice = "classes are numbered by name, so both must have the same; a list or table may give their numbers"
    raise error("TN0703", f"the classes of `{part}` and `train` differ: {whose}", spans.get(part), help=advice)


def _pieces(
    recipe: DataRecipe, train: Samples, names: Sequence[str], drawn: Mapping[str, Tensor] | None
) -> Sequence[Tensor]:
    if drawn is not None:
        return _as_before(recipe, train, names, drawn)
    sizes = splits.sizes(len(train), recipe.split)
    _enough(recipe, sizes, len(train), names)
    if recipe.by is None:
        return splits.cut(len(train), sizes, train.labels, recipe.split_seed)
    groups = _groups(recipe, train)
    try:
        return splits.cut_groups(groups, sizes, train.labels, recipe.split_seed)
    except ValueError as problem:
        raise error("TN0704", f"`{recipe.by}` has too few values: {problem}", recipe.spans.get("by")) from problem


def _groups(recipe: DataRecipe, train: Samples) -> Sequence:
    groups = train.column(recipe.by)
    if groups is None:
        known = train.columns()
        listed = f"it has {', '.join(f'`{name}`' for name in known)}" if known else "it has no columns"
        advice = did_you_mean(recipe.by, known) or listed
        raise error("TN0704", f"the data has no column `{recipe.by}`", recipe.spans.get("by"), help=advice)
    if None in groups:
        message = f"sample {list(groups).index(None)} has no `{recipe.by}`"
        raise error("TN0704", message, recipe.spans.get("by"))
    return groups


def _as_before(
    recipe: DataRecipe, train: Samples, names: Sequence[str], drawn: Mapping[str, Tensor]
) -> Sequence[Tensor]:
    """The split that a run was begun with."""
    most = max((int(each.max()) for each in drawn.values() if len(each)), default=-1)
    if set(drawn) != set(names) or most >= len(train):
        message = f"the split of the run does not fit the data, which has {len(train)} samples now"
        raise error("TN0905", message, recipe.spans.get("train"), help="give the data as it was when the run began")
    return [drawn[name] for name in names]


def _cut_sequence(recipe: DataRecipe, train: Windows, names: Sequence[str]) -> list[tuple[Samples, Tensor]]:
    if recipe.by is not None:
        raise error("TN0704", "a sequence is cut in order, not by a column", recipe.spans.get("by"))
    lots = train.cut(recipe.split)
    _enough(recipe, [len(lot) for lot in lots], len(train), names)
    return [(lot, torch.arange(len(lot))) for lot in lots]


def _enough(recipe: DataRecipe, sizes: Sequence[int], count: int, names: Sequence[str]) -> None:
    """Raises SpecError (TN0704) where a part gets no sample, or there are fewer than are asked for."""
    span = recipe.spans.get("split")
    if sum(sizes) > count:
        raise error("TN0704", f"`split` takes {sum(sizes)} samples, the data has {count}", span)
    for name, size in zip(names, sizes, strict=True):
        if size < 1:
            raise error("TN0704", f"`split` leaves no sample for `{name}`: the data has {count}", span)
