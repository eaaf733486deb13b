"""Where modules and parameters of a net are: what selectors, summaries and optimizer groups walk over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..source import Span
from .graph import Declared, Layer, Model, Module


@dataclass(frozen=True)
class ModuleSite:
    """A module at its path ("" for the net). `cls` is the class of a library layer (also those inside another, such
    as the `Linear` in a `TransformerEncoderLayer`), None for blocks and groups; `block` is the name of a block or net.
    """

    path: str
    cls: type | None
    block: str | None
    span: Span | None
    node: Any  # the ir.Layer or ir.Module, or the torch module inside a Layer's prototype


@dataclass(frozen=True)
class ParameterSite:
    """A parameter at its full name. `layer` and `layer_path` are its spec-level layer, None for a `parameter`, which
    is `declared`; `shares` is the first name of the same tensor, where this is a further one."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    span: Span | None
    layer: Layer | None
    layer_path: str
    declared: Declared | None = None
    shares: str | None = None


def modules(root: Module | Layer, path: str = "") -> Iterator[ModuleSite]:
    """All modules in the order of `named_modules`."""
    if isinstance(root, Layer):
        for inner, module in root.prototype.named_modules():
            place = root.above(inner) if isinstance(root, Model) else None
            if place is None:
                yield ModuleSite(join(path, inner), type(module), None, root.span, root if not inner else module)
            elif place == inner:
                yield from modules(root.replaced[place], join(path, place))
        return
    yield ModuleSite(path, None, root.name if root.kind in ("net", "block") else None, root.span, root)
    for name, child in root.children.items():
        yield from modules(child, join(path, name))


def parameters(root: Module | Layer, path: str = "", all_names: bool = False) -> Iterator[ParameterSite]:
    """All parameters in the order of `named_parameters`; with `all_names`, each under all the names that it has."""
    if isinstance(root, Layer):
        seen: set[str] = set()
        first: dict[int, str] = {}
        for name, tensor in root.prototype.named_parameters(remove_duplicate=not all_names):
            place = root.above(name) if isinstance(root, Model) else None
            if place is None:
                dtype = str(tensor.dtype).removeprefix("torch.")
                full = join(path, name)
                shares = first.setdefault(id(tensor), full)
                more = {} if shares == full else {"shares": shares}
                yield ParameterSite(full, tuple(tensor.shape), dtype, root.span, root, path, **more)
            elif place not in seen:
                seen.add(place)
                yield from parameters(root.replaced[place], join(path, place), all_names)
        return
    for name, declared in root.parameters.items():
        kind = declared.type
        yield ParameterSite(join(path, name), kind.dims, kind.dtype, declared.span, None, path, declared)
    for name, child in root.children.items():
        yield from parameters(child, join(path, name), all_names)


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
