"""Multiply-adds: half of the floating-point operations that `torch.utils.flop_counter` counts.

Published counts of nets are multiply-adds (ResNet-50: 4.1 G); PyTorch's counter counts a multiplication and an addition
as two. The net runs on the meta device, so nothing is computed; operators without a formula there count nothing. What a
layer counts and gives for inputs of a type is remembered, so that a net that has changed a little is counted soon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ..catalog.models import prototype
from ..codegen import generate, load
from ..ir.graph import Layer, Model, Module, Net
from ..ir.sites import join
from .sizes import example_inputs, sizes

_known: dict[Any, tuple[Counter[Any], list[Any], Any]] = {}
MOST_KNOWN = 10_000
"""Layers at types of inputs that are remembered, before all are forgotten."""


def multiply_adds(net: Net, source: str | None = None) -> dict[str, int] | None:
    """Multiply-adds of each module by its path ("" for the net) for one batch at `sizes(net)`.

    None where the net cannot run without data, as where a size depends on the values of a tensor, and where its depth
    is drawn at each pass.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    if net.random_repeats:
        return None
    cls = load(source or generate(net), net.name, f"<{net.name}>")
    model = prototype(cls).model
    inputs = example_inputs(net, "meta", sizes(net))
    counter = FlopCounterMode(display=False)
    for path, layer in _layers(net.root):
        module = model.get_submodule(path)
        module.forward = partial(_forward, module.forward, layer.prototype, counter)
    try:
        # With gradients enabled attention takes its plain path; the fused one for inference has no formula.
        with torch.enable_grad(), counter:
            model(*inputs)
    except (NotImplementedError, RuntimeError):
        return None
    counts = {name: sum(each.values()) // 2 for name, each in counter.get_flop_counts().items()}
    root = f"{type(model).__name__}."
    below = {name.removeprefix(root): count for name, count in counts.items() if name.startswith(root)}
    return {"": counts.get("Global", 0), **below}


def _layers(module: Module, path: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers whose results depend on their arguments and the types of their inputs alone, by path."""
    for name, child in module.children.items():
        if isinstance(child, Module):
            yield from _layers(child, join(path, name))
        elif not isinstance(child, Model):
            yield join(path, name), child


def _forward(own: Callable[..., Any], layer: Any, counter: Any, *args: Any, **kwargs: Any) -> Any:
    """A layer's forward, or what is remembered of it. Equal layers have one prototype, by which they are known."""
    import torch
    from torch.utils._pytree import tree_flatten, tree_unflatten

    given, structure = tree_flatten((args, kwargs))
    key = layer, str(structure), *map(_looks, given)
    if key in _known:
        counts, found, structure = _known[key]
        for parent in set(counter.mod_tracker.parents):
            for operation, count in counts.items():
                counter.flop_counts[parent][operation] += count
        return tree_unflatten([_made(each) for each in found], structure)
    before = Counter(counter.flop_counts["Global"])
    result = own(*args, **kwargs)
    flat, structure = tree_flatten(result)
    if all(each is None or isinstance(each, torch.Tensor) for each in flat):
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[key] = Counter(counter.flop_counts["Global"]) - before, list(map(_remade, flat)), structure
    return result


def _looks(value: Any) -> Any:
    """What a result can depend on of an input."""
    import torch

    return _remade(value) if isinstance(value, torch.Tensor) else repr(value)


def _made(about: Any) -> Any:
    import torch

    return about and torch.empty_strided(about[0], about[1], dtype=about[2], device="meta")


def _remade(tensor: Any) -> Any:
    """All of a tensor on the meta device: sizes, strides and dtype; None for no tensor."""
    return None if tensor is None else (tuple(tensor.shape), tuple(tensor.stride()), tensor.dtype)
