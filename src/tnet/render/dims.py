"""Sizes for people: in the light of what the net requires of them, and rounded-up quotients by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import lcm
from typing import Any

from ..ir import text
from ..ir.graph import Net
from ..ir.types import TensorType


class Dims:
    """Writes the sizes of one net. With `H % 8 == 0` required, `8 * (H // 8)` is `H`; `(H - 1) // 4 + 1` is
    `ceil(H/4)`."""

    def __init__(self, net: Net):
        self.divisors = _divisors(net)
        self.size = lru_cache(maxsize=None)(self._size)

    def shape(self, kind: Any) -> str:
        """`[N, 64, H/4, W/4]`; the class of what is no tensor; `([N, 8], [N, 8])` for several values in one."""
        return nested(kind, lambda each: f"[{', '.join(map(self.size, each.dims))}]")

    def type(self, kind: Any) -> str:
        """`float32[N, 64, H/4, W/4]`"""
        return nested(kind, lambda each: f"{each.dtype}{self.shape(each)}")

    def _size(self, dim: Any) -> str:
        if isinstance(dim, int):
            return str(dim)
        return text.size(_with_ceilings(self._divided(dim))).replace(" / ", "/").replace(" // ", "//")

    def _divided(self, dim: Any) -> Any:
        """With each symbol written as a multiple of what must divide it, and back."""
        import sympy

        there, back = {}, {}
        for symbol in dim.free_symbols:
            if symbol.name in self.divisors:
                part = sympy.Symbol(f"{symbol.name} part", integer=True, positive=True)
                there[symbol] = self.divisors[symbol.name] * part
                back[part] = symbol / self.divisors[symbol.name]
        return dim.subs(there).subs(back) if there else dim


def nested(kind: Any, write: Callable[[TensorType], str]) -> str:
    """The types in tuples, lists and maps as text."""
    if isinstance(kind, dict):
        return f"{{{', '.join(f'{name}: {nested(each, write)}' for name, each in kind.items())}}}"
    if isinstance(kind, (tuple, list)):
        return f"({', '.join(nested(each, write) for each in kind)})"
    return write(kind) if isinstance(kind, TensorType) else getattr(kind, "name", str(kind))


def _divisors(net: Net) -> dict[str, int]:
    """What must divide each symbol, by the conditions of the form `H % 8 == 0`."""
    found: dict[str, int] = {}
    for condition in net.conditions:
        sides = getattr(condition.relation, "args", ())
        if type(condition.relation).__name__ == "Equality" and sides[1] == 0 and type(sides[0]).__name__ == "Mod":
            symbol, divisor = sides[0].args
            if symbol.is_Symbol and divisor.is_Integer:
                found[symbol.name] = lcm(found.get(symbol.name, 1), int(divisor))
    return found


def _with_ceilings(dim: Any) -> Any:
    """`(H - 1) // 4 + c` as `ceil(H/4) + c - 1`, for c from 1, also within other sizes."""
    import sympy

    if dim.args:
        dim = dim.func(*map(_with_ceilings, dim.args))
    for term in dim.args if dim.is_Add else ():
        rest = dim - term
        if type(term).__name__ == "FloorDiv" and rest.is_Integer and rest >= 1 and not (term.args[0] + 1).is_Add:
            numerator, denominator = term.args
            over = text.size(numerator + 1)
            over = f"({over})" if "//" in over else over
            rounded = f"ceil({over} / {denominator})"
            return sympy.Symbol(rounded, integer=True, positive=True) + (rest - 1)
    return dim
