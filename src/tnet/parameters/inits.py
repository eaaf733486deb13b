"""The value of `init` for each parameter that a rule holds for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ..diagnostics import Note, SpecError, error
from ..ir.program import Property
from ..ir.sites import ParameterSite
from .initializers import Init, read_init


def init_values(property: Property, names: tuple[str, ...], sites: Mapping[str, ParameterSite]) -> dict[str, Init]:
    """`init` by parameter; it is worked out once for each shape, as it may depend on it. Raises SpecError."""
    shapes: dict[tuple[int, ...], list[str]] = {}
    for name in names:
        shapes.setdefault(tuple(sites[name].shape), []).append(name)
    shared = None if _mentions_shape(property) else _read(property, {})
    found: dict[str, Init] = {}
    for shape, members in shapes.items():
        init = shared or _for_shape(property, shape, members[0])
        if complaint := init.complaint(shape):
            site = sites[members[0]]
            raise error(
                "TN0604", f"`{init}` cannot initialise `{members[0]}` {list(shape)}: {complaint}",
                property.value_span, Note(f"`{members[0]}` is made here", site.span),
                help="select what it suits, as with a further part `*.weight` in the selector",
            )  # fmt: skip
        found.update(dict.fromkeys(members, init))
    return found


def _for_shape(property: Property, shape: tuple[int, ...], name: str) -> Init:
    try:
        return _read(property, shape_names(shape))
    except SpecError:
        if len(shape) < 2 and re.search(r"\bfan_(in|out)\b", property.value_span.text):
            raise error(
                "TN0604", f"`{name}` {list(shape)} has no `fan_in` or `fan_out`, which need two dimensions",
                property.value_span,
            ) from None  # fmt: skip
        raise


def _read(property: Property, names: Mapping[str, Any]) -> Init:
    return read_init(property.evaluate(names), property.value_span)


def _mentions_shape(property: Property) -> bool:
    return bool(re.search(r"\b(fan_in|fan_out|shape)\b", property.value_span.text))


def shape_names(shape: tuple[int, ...]) -> dict[str, Any]:
    """What is in scope in `init`: `shape`, and `fan_in` and `fan_out` as torch.nn.init counts them (from 2 dims on)."""
    if len(shape) < 2:
        return {"shape": list(shape)}
    field = math.prod(shape[2:])
    return {"shape": list(shape), "fan_in": shape[1] * field, "fan_out": shape[0] * field}
