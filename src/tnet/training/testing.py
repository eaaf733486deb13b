"""`tnet eval`: a trained run on its test data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..data.load import PARTS
from ..data.loaders import Loader, Loaders
from ..diagnostics import error
from . import environment, split
from .choices import CompileChoice
from .evaluate import Evaluator, named
from .loss_modules import NAME
from .parts import class_names, forward_of
from .run import Run, load_run
from .world import World, single

if TYPE_CHECKING:
    from ..ir.program import Override
    from .compiled import Forward


def evaluate_run(
    path: str | os.PathLike,
    part: str | None = None,
    data: Any = None,
    device: str | None = None,
    changes: Sequence[Override] = (),
    allow: Sequence[str] = (),
) -> dict[str, Any]:
    """Loss and metrics of a run's result on a part of its data, by name (`test.accuracy`), and `test.by_class`: the
    share of each class that was found, by the class's name.

    `part` is "test" or "val", by default the first of these that there is; `data` stands in for it, as in `train`;
    `changes` are settings that are to differ from those of its training; `allow` names the Python code that its spec
    may `use`. Raises SpecError: TN0902, TN0903 for no run
    or no weights, TN0702 to TN0704 for the data.
    """
    run = load_run(path, changes, allow)
    recipe = run.spec.recipe
    with environment.process_settings(recipe):
        loaders = load_data(run, None if data is None else {"train": data, "test": data})
        name, loader = _chosen(loaders, part)
        world = single(device or recipe.device)
        forward = forward_of_run(run, world)
        names = class_names(run.spec.net, recipe, loaders)
        return named(Evaluator(forward, recipe.metrics, world.device, names)(loader), name)


def forward_of_run(run: Run, world: World) -> Forward:
    """The run's model on a device, and its loss with the parameters that it was trained to."""
    if run.loss is not None:
        run.model.add_module(NAME, run.loss)
    run.model.to(world.device)
    return forward_of(run.spec, run.model, world, run.spec.recipe.batch, CompileChoice(False), print)


def load_data(run: Run, data: Any = None) -> Loaders:
    """The data of a run, with the split and the statistics that it was trained with."""
    recipe, wanted = run.spec.recipe, run.spec.data_recipe
    drawn = split.load(run.path, run.about, wanted)
    return wanted.load(recipe.seed, recipe.batch, data=data, statistics=run.about["data"]["statistics"], split=drawn)


def _chosen(loaders: Loaders, part: str | None) -> tuple[str, Loader]:
    there = [name for name in reversed(PARTS[1:]) if name in loaders.parts]
    if part is not None and part not in there or not there:
        wanted = f"no `{part}` data" if part else "neither `test` nor `val` data"
        raise error("TN0704", f"the run has {wanted}", help="set `test` or three shares of `split` in `data`")
    name = part or there[0]
    return name, loaders.parts[name]
