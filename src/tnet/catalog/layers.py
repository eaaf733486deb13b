"""Layer names: the `nn.Module` classes of torch.nn, torchvision.ops and einops.layers.torch.

A name is looked up whole in tables made by one rule, subclasses of `nn.Module` that the library exports; nothing is
listed by hand but the classes that cannot be built from a spec, each with the reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from torch import nn

LIBRARIES = ("torch.nn", "torchvision.ops", "einops.layers.torch")
"""In the order in which a name is looked for."""

NOT_BUILT: dict[type, str] = {
    nn.Module: "it is the base class of all layers; write a block",
    nn.Sequential: "write a group: `{ … }`",
    nn.ModuleList: "write labelled steps or a `repeat`",
    nn.ModuleDict: "write labelled steps",
    nn.ParameterList: "write `parameter` statements",
    nn.ParameterDict: "write `parameter` statements",
    nn.Container: "it is deprecated in PyTorch; write a group: `{ … }`",
    nn.DataParallel: "distribution is a setting of `train`",
}


@dataclass(frozen=True)
class LayerClass:
    """A class of a library with the import path that generated source uses."""

    path: str
    cls: type

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]


def exported_layers(library: str) -> dict[str, LayerClass]:
    """The layer classes that a library exports, by name."""
    module = __import__(library, fromlist=["_"])
    return {
        name: LayerClass(f"{library}.{name}", value)
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, nn.Module) and not name.startswith("_")
    }


@cache
def _table(library: str) -> dict[str, LayerClass]:
    return exported_layers(library)


def find_layer(name: str) -> LayerClass | None:
    """The layer class of that name, from the first library that has it; other libraries are not imported."""
    for library in LIBRARIES:
        if name in (table := _table(library)):
            return table[name]
    return None


def layer_names() -> Iterator[str]:
    """All names of layers, for suggestions."""
    for library in LIBRARIES:
        yield from _table(library)


def why_not_built(cls: type) -> str | None:
    """Why a class cannot be built from a spec, with what to write instead; None if it can."""
    if issubclass(cls, nn.modules.lazy.LazyModuleMixin):
        return f"tnet infers sizes; write `{cls.__name__.removeprefix('Lazy')}`"
    return NOT_BUILT.get(cls)
