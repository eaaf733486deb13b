"""Whether metrics take what the net gives and the data has, found before the first step."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import torch

from ..data.loaders import Loaders
from ..diagnostics import error
from .compiled import Fields, Forward
from .evaluate import plain, to_device
from .metrics import MetricChoice
from .modes import evaluating
from .outputs import outputs_of
from .recipe import Recipe

TRIED = 8
"""Samples: some metrics need more than two."""


def check_metrics(recipe: Recipe, forward: Forward, loaders: Loaders) -> None:
    """Have each metric computed once. Raises SpecError (TN0703) for one that fails, or where there is no target;
    TN0803 for one that is no number where a better one is waited for."""
    if not recipe.metrics:
        return
    loader = loaders.val or loaders.test or loaders.train
    batch = to_device(loader.pipeline.one_crop(loader.make(loader.indices[:TRIED], 0)), forward.device)
    if "target" not in batch:
        has = ", ".join(f"`{name}`" for name in batch)
        raise error("TN0703", f"metrics compare outputs with a `target`, the data has {has}", recipe.spans["metrics"])
    with evaluating(forward.model), torch.no_grad():
        output = outputs_of(forward.model(*[batch[name] for name in forward.inputs]))[0]
    for choice in recipe.metrics:
        value = _computed(choice, output.float() if output.dtype in HALVES else output, batch)
        if not isinstance(value, int | float) and (setting := next(_watching(recipe, choice), None)):
            message = f"`{choice.name}` is no number, and {setting} waits for a better one"
            raise error("TN0803", message, choice.span)


HALVES = (torch.bfloat16, torch.float16)


def _computed(choice: MetricChoice, output: torch.Tensor, batch: Fields) -> Any:
    built = choice.build().to(output.device)
    try:
        with warnings.catch_warnings():  # of classes that so few samples lack
            warnings.simplefilter("ignore")
            choice.update(built, output, batch["target"])
            return plain(built.compute())
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0].rstrip(".")
        raise error("TN0703", f"`{choice.name}` fails on the first samples: {reason}", choice.span) from problem


def _watching(recipe: Recipe, choice: MetricChoice) -> Iterator[str]:
    """The settings that wait for a better value of a metric."""
    name = f"val.{choice.name}"
    if recipe.checkpoint and recipe.checkpoint.best == name:
        yield "`checkpoint`"
    if recipe.early_stop and recipe.early_stop.monitor == name:
        yield "`early_stop`"
    if name in recipe.schedule.monitors:
        yield "`schedule`"
