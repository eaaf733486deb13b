"""Feature maps of layers that the reader chooses, from a run's weights and data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...diagnostics import error
from ...training.evaluate import to_device
from ...training.looks.inside import look_inside
from ...training.looks.look import first_samples
from ...training.run import load_run
from ...training.testing import forward_of_run, load_data
from ...training.world import single
from .facts import Facts
from .seeing import features, shown

if TYPE_CHECKING:
    from ...ir.program import Override


def with_layers(facts: Facts, selector: str, changes: Sequence[Override] = (), allow: Sequence[str] = ()) -> Facts:
    """The facts of a run with the feature maps of the modules that a selector, as in rules, matches.

    Raises SpecError: as `load_run`, TN0601 ff. for a selector that matches nothing, TN0703 for layers without maps.
    """
    run = load_run(facts.path, changes, allow)
    world = single("cpu")
    paths = list(run.spec.select(run.model, selector).modules)
    fields, given = first_samples(load_data(run))
    found = look_inside(forward_of_run(run, world), to_device(fields, world.device), paths).features
    if not found:
        advice = "name layers that give [N, C, H, W] or [N, T, C]"
        raise error("TN0703", f"the layers of `{selector}` give no maps", help=advice)
    seen = facts.record.seen | {"features": [features(each) for each in found],
                                "given": [[shown(image) for image in each] for each in given]}  # fmt: skip
    return replace(facts, record=replace(facts.record, seen=seen))
