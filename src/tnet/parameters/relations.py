"""Properties whose value for a parameter depends on where it is: `layer_decay`, `follow`, `parametrize`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn

from ..diagnostics import Note, SpecError, did_you_mean, error
from ..ir.program import Property, Selector, SelectorPart
from .arguments import lowered
from .selectors import Matcher
from .sites import NetSites, Selection
from .values import Ema, LayerDecay, Parametrization


def layered(
    property: Property, value: LayerDecay, names: tuple[str, ...], selection: Selection, matcher: Matcher
) -> Mapping[str, LayerDecay]:
    """The decay of each parameter: the n modules that `layers` matches are layers 1 to n with all up to the next, what
    is before the first is layer 0, after the last n + 1; the power is n + 1 - layer.

    As the layer-wise decay of BEiT (https://arxiv.org/abs/2106.08254) and `timm.optim.param_groups_layer_decay`.
    """
    sites = matcher.sites
    runs = [sites.parameter_run(path) for path in sites.outermost_modules(_selected(property, value.layers, matcher))]
    starts = [start for start, end in runs if end > start]
    if not starts:
        raise error("TN0604", f"no module with parameters is matched by `{value.layers}`", property.value_span)
    last = runs[-1][1]
    number = {name: position for position, name in enumerate(sites.parameters)}
    powers = {}
    for name in names:
        layer = len(starts) + 1 if number[name] >= last else bisect_right(starts, number[name])
        powers[name] = len(starts) + 1 - layer
    made = {power: replace(value, power=power) for power in set(powers.values())}
    return {name: made[power] for name, power in powers.items()}


def _selected(property: Property, text: str, matcher: Matcher) -> Selection:
    """What the text of a selector matches, faults told at the property's value."""
    place = property.value_span
    try:
        return matcher.select(Selector(tuple(SelectorPart(word, place) for word in text.split()), place))
    except SpecError as problem:
        raise SpecError([replace(each, span=place) for each in problem.diagnostics]) from None


def followed(
    property: Property, value: Ema, names: tuple[str, ...], selection: Selection, matcher: Matcher
) -> Mapping[str, Ema]:
    """For each parameter, the one of the same name in the module that is followed."""
    sites = matcher.sites
    if value.module not in sites.modules:
        help = did_you_mean(value.module, [path for path in sites.modules if path])
        raise error("TN0601", f"no module is called `{value.module}`", property.value_span, help=help)
    found: dict[str, Ema] = {}
    for path in sites.outermost_modules(selection):
        for name in sites.parameters_in(path):
            source = f"{value.module}{name[len(path) :]}"
            _check_pair(property, name, source, sites)
            found[name] = replace(value, source=source)
    if missing := next((name for name in names if name not in found), None):
        raise error("TN0604", f"`follow` holds for modules, this selects the parameter `{missing}`", property.span)
    if clash := next((each.source for each in found.values() if each.source in found), None):
        raise error("TN0604", f"`{clash}` is to follow and to be followed", property.value_span)
    return found


def _check_pair(property: Property, name: str, source: str, sites: NetSites) -> None:
    if source not in sites.parameters:
        raise error("TN0604", f"`{name}` would follow `{source}`, which is not there", property.value_span)
    shape, other = sites.parameters[name].shape, sites.parameters[source].shape
    if tuple(shape) != tuple(other):
        message = f"`{name}` {list(shape)} cannot follow `{source}` {list(other)}: their shapes differ"
        raise error("TN0604", message, property.value_span, Note("made here", sites.parameters[source].span))


def parametrized(
    property: Property, value: Parametrization, names: tuple[str, ...], selection: Selection, matcher: Matcher
) -> Mapping[str, Parametrization]:
    """The parameters that are parametrized: those named, and of modules their `weight`."""
    sites = matcher.sites
    inside = {name for path in sites.module_paths(selection) for name in sites.parameters_in(path)}
    chosen = [name for name in names if name not in inside or name.rpartition(".")[2] == "weight"]
    if not chosen and names:
        raise error("TN0604", "none of these modules has a `weight`", property.span)
    complaints: dict[tuple[int, ...], str | None] = {}
    for name in chosen:
        site = sites.parameters[name]
        shape = tuple(site.shape)
        if shape not in complaints:
            complaints[shape] = _complaint(value, shape)
        if complaints[shape]:
            raise error(
                "TN0604", f"`{value}` cannot parametrize `{name}` {list(shape)}: {lowered(complaints[shape])}",
                property.value_span, Note(f"`{name}` is made here", site.span),
                help="select what it suits, as with a further part `*.weight` in the selector",
            )  # fmt: skip
    return dict.fromkeys(chosen, value)


def _complaint(value: Parametrization, shape: tuple[int, ...]) -> str | None:
    """What torch says against a tensor of this shape."""
    if len(shape) < 2:
        return "it takes at least 2 dimensions"
    module = nn.Module()
    module.weight = nn.Parameter(torch.ones([min(size, 2) for size in shape]))
    try:
        value.apply(module, "weight")
    except (ValueError, RuntimeError, IndexError, NotImplementedError, AssertionError) as problem:
        return (str(problem).strip() or type(problem).__name__).splitlines()[0]
    return None
