"""What a call is given to find out what it gives: tensors in the place of types, numbers in the place of sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
import torch

from ..ir.graph import DTypeRef, Value
from ..ir.types import TensorType


def entered(value: Any, tensor: Callable[[TensorType], Any], size: Callable[[sympy.Expr], Any]) -> Any:
    """An argument, in whatever structure, as a call takes it: `tensor` makes what stands for a type, `size` what
    stands for a symbolic size.
    """

    def enter(part: Any) -> Any:
        return entered(part, tensor, size)

    match value:
        case Value():
            return enter(value.type)
        case TensorType():
            return tensor(value)
        case DTypeRef():
            return getattr(torch, value.name)
        case sympy.Expr():
            return size(value)
        case tuple() | list():
            return type(value)(map(enter, value))
        case dict():
            return {key: enter(item) for key, item in value.items()}
        case slice():
            return slice(*map(enter, (value.start, value.stop, value.step)))
    return value
