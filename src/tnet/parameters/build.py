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
from pickle import UnpicklingError
from urllib.error import URLError

import torch
from torch import nn

from ..catalog.models import weights_only
from ..diagnostics import error
from ..ir.graph import Declared, Layer, Model, Module, Net
from ..ir.sites import join
from .deferred import Deferred
from .initializers import Init, read_init
from .instantiate import initial_value, instantiate
from .streams import global_stream
from .table import RuleTable

LARGE = 100_000
"""Elements of a tensor from which on a thread is worth its while."""


def build(cls: type[nn.Module], net: Net, table: RuleTable, seed: int) -> nn.Module:
    """Construct `cls`, the generated class of `net`, and initialise it by the rules of `table`.

    What comes from pretrained weights is loaded as the class is constructed, and no rule touches it. A parameter
    without a rule has the values that its layer's constructor gives it where the generator stands at the
    start of the parameter's stream (`stream_key`). One that follows another starts as its copy; one that is never
    trained asks for no gradient; parametrizations come last. The global random state is as before.
    """
    statements = dict(_statements(net.root))
    pretrained = {name for path, each in _layers(net.root) for name in _pretrained(path, each)}
    fills: list[tuple[int, Callable[[], None]]] = []
    computed: dict[str, torch.Tensor] = {}
    with global_stream(seed, ""):
        with Deferred() as deferred:
            model = _constructed(cls) if pretrained else cls()
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            draw = deferred.take(tensor)
            if name in pretrained or table.value(name, "follow"):
                continue
            if init := table.init(name) or _declared_init(statements.get(name)):
                fills.append((tensor.numel() * init.is_threadable, partial(init.fill, tensor, seed, name)))
            elif draw:
                fills.append((tensor.numel(), partial(draw.run, seed, name)))
            elif deferred.is_computed(tensor):
                computed[name] = tensor
        deferred.make_the_rest()
    _run(fills)
    if computed:
        _compute_again(computed, net, statements, seed)
    _settle(model, table, seed)
    return model


def _settle(model: nn.Module, table: RuleTable, seed: int) -> None:
    """What is done to parameters that have their first values."""
    tensors = dict(model.named_parameters())  # of the net, or of its loss: the table has both
    with torch.no_grad():
        for name, entry in table.having("follow").items():
            tensors[name].copy_(tensors[entry.value.source])
    for name in tensors:
        if name in table.parameters and table.freeze(name) is True:
            tensors[name].requires_grad_(False)
    for name, entry in table.having("parametrize").items():
        if name not in tensors:
            continue  # of a loss, which is no part of the net
        path, _, last = name.rpartition(".")
        with global_stream(seed, f"{name}.parametrize"):  # spectral norm draws the vectors that it starts from
            entry.value.apply(model.get_submodule(path), last)


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
def _compute_again(
    computed: Mapping[str, torch.Tensor], net: Net, statements: Mapping[str, Declared], seed: int
) -> None:
    """Give what was computed from random values those of another pass, on the stream of the statement or layer."""
    for name in computed.keys() & statements.keys():
        if not any(node.op == "read" for node in statements[name].expression.nodes):
            with global_stream(seed, name):
                computed[name].copy_(initial_value(statements[name]))
    for path, layer in _layers(net.root):
        names = [name for name in computed if _is_own(layer, path, name)]
        if names:
            with global_stream(seed, path):
                other = instantiate(layer)
            values = {join(path, name): each for name, each in (*other.named_parameters(), *other.named_buffers())}
            for name in names:
                computed[name].copy_(values[name])


def _layers(root: Module | Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    if isinstance(root, Layer):
        yield path, root
        for name, child in root.replaced.items() if isinstance(root, Model) else ():
            yield from _layers(child, join(path, name))
        return
    for name, child in root.children.items():
        yield from _layers(child, join(path, name))


def _statements(root: Module | Layer, path: str = "") -> Iterator[tuple[str, Declared]]:
    """The `parameter` and `buffer` statements, by full name."""
    if isinstance(root, Layer):
        for name, child in root.replaced.items() if isinstance(root, Model) else ():
            yield from _statements(child, join(path, name))
        return
    for name, each in (*root.parameters.items(), *root.buffers.items()):
        yield join(path, name), each
    for name, child in root.children.items():
        yield from _statements(child, join(path, name))


def _is_own(layer: Layer, path: str, name: str) -> bool:
    """Whether a parameter is the layer's, and not of what stands in place of a submodule of it."""
    if not name.startswith(f"{path}."):
        return False
    return not isinstance(layer, Model) or layer.above(name[len(path) + 1 :]) is None


def _pretrained(path: str, layer: Layer) -> Iterator[str]:
    """The parameters and buffers of a layer that get their values from weights."""
    yield from (join(path, name) for name in layer.pretrained) if isinstance(layer, Model) else ()


def _constructed(cls: type[nn.Module]) -> nn.Module:
    """An instance of a class with pretrained weights. Raises SpecError where they cannot be fetched or read."""
    try:
        with weights_only():
            return cls()
    except UnpicklingError as problem:
        raise error("TN0902", f"a file of pretrained weights of `{cls.__name__}` holds more than tensors") from problem
    except URLError as problem:
        raise error(
            "TN0902", f"the pretrained weights of `{cls.__name__}` could not be fetched: {problem.reason}",
            help=f"put them in {torch.hub.get_dir()}/checkpoints, or try again with a network",
        ) from problem  # fmt: skip


def _declared_init(declared: Declared | None) -> Init | None:
    return read_init(declared.init, declared.span) if declared and declared.init else None
