"""A generated class to an initialised module, each parameter drawn once.

The class is constructed with its random draws put off. Then each parameter gets its values, from the stream of its own
name: by a rule, by its `parameter` statement, or by the draw that its layer's constructor put off. So what is said of
one parameter changes no other. Only a layer whose constructor computes with its draws (`TransformerEncoder` copies
them) is constructed a second time, from the stream of the layer's name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import torch
from torch import nn

from ..ir.graph import Layer, Module, Net
from ..ir.sites import join
from .deferred import Deferred
from .initializers import Init, read_init
from .instantiate import instantiate
from .streams import global_stream
from .table import RuleTable

LARGE = 100_000
"""Elements of a tensor from which on a thread is worth its while."""


def build(cls: type[nn.Module], net: Net, table: RuleTable, seed: int) -> nn.Module:
    """Construct `cls`, the generated class of `net`, and initialise it by the rules of `table`.

    A parameter without a rule has the values that its layer's constructor gives it where the generator stands at the
    start of the parameter's stream (`stream_key`). The global random state is as before.
    """
    with global_stream(seed, ""), Deferred() as deferred:
        model = cls()
    declared = dict(_declared(net.root))
    fills: list[tuple[int, Callable[[], None]]] = []
    unruled: dict[str, dict[str, nn.Parameter]] = {}
    for name, tensor in model.named_parameters():
        if init := table.init(name) or declared.get(name):
            fills.append((tensor.numel() * init.is_threadable, partial(init.fill, tensor, seed, name)))
        elif draw := deferred.draw(tensor):
            fills.append((tensor.numel(), partial(draw.run, seed, name)))
        else:
            unruled.setdefault(table.parameters[name].layer_path, {})[name] = tensor
    _run(fills)
    for path, layer in _layers(net.root) if deferred.computed else ():
        _construct_again(layer, path, model, unruled.get(path, {}), deferred, seed)
    return model


def _run(fills: list[tuple[int, Callable[[], None]]]) -> None:
    """Make all draws, the large ones on threads: with a stream for each tensor the order is indifferent."""
    small = [fill for size, fill in fills if size < LARGE]
    large = [fill for size, fill in fills if size >= LARGE]
    if large:
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            deque(pool.map(lambda fill: fill(), large), maxlen=0)
    for fill in small:
        fill()


@torch.no_grad()
def _construct_again(
    layer: Layer, path: str, model: nn.Module, parameters: Mapping[str, torch.Tensor], deferred: Deferred, seed: int
) -> None:
    """Give what a layer computed from random values what another one has, constructed from the layer's own stream."""
    buffers = {join(path, name): buffer for name, buffer in model.get_submodule(path).named_buffers()}
    computed = {name: each for name, each in (parameters | buffers).items() if deferred.is_computed(each)}
    if computed:
        with global_stream(seed, path):
            other = instantiate(layer)
        values = {join(path, name): each for name, each in (*other.named_parameters(), *other.named_buffers())}
        for name, tensor in computed.items():
            tensor.copy_(values[name])


def _layers(root: Module | Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    if isinstance(root, Layer):
        yield path, root
        return
    for name, child in root.children.items():
        yield from _layers(child, join(path, name))


def _declared(root: Module | Layer, path: str = "") -> Iterator[tuple[str, Init]]:
    """The initial values that `parameter` statements declare by a function, by full name."""
    if isinstance(root, Layer):
        return
    for name, each in root.parameters.items():
        if each.init:
            yield join(path, name), read_init(each.init, each.span)
    for name, child in root.children.items():
        yield from _declared(child, join(path, name))
