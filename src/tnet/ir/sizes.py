"""Sizes as tnet writes them."""

from __future__ import annotations

from typing import Any

SUM, PRODUCT, ATOM = 1, 2, 3
OPERATORS = {"FloorDiv": "//", "CleanDiv": "//", "Mod": "%", "PythonMod": "%"}
RELATIONS = {"Equality": "==", "Unequality": "!=", "LessThan": "<=", "StrictLessThan": "<", "GreaterThan": ">=",
             "StrictGreaterThan": ">"}  # fmt: skip


def size(value: Any) -> str:
    """A number, a name, or a symbolic size as the language writes it: `H // 4 + 1`."""
    return _infix(value, 0) if hasattr(value, "free_symbols") else str(value)


def _infix(it: Any, above: int) -> str:
    """A sympy expression with the operators of the language, in parentheses where `above` binds tighter."""
    kind = type(it).__name__
    if kind in RELATIONS:
        return f"{_infix(it.lhs, 0)} {RELATIONS[kind]} {_infix(it.rhs, 0)}"
    if it.is_Add:
        terms = sorted(it.args, key=lambda term: (term.could_extract_minus_sign(), bool(term.is_number), str(term)))
        text, level = " + ".join(_infix(term, SUM) for term in terms).replace("+ -", "- "), SUM
    elif it.is_Mul:
        text, level = _product(it), PRODUCT
    elif kind in OPERATORS:
        text, level = f"{_infix(it.args[0], PRODUCT)} {OPERATORS[kind]} {_infix(it.args[1], ATOM)}", PRODUCT
    else:
        return str(it)
    return f"({text})" if level < above or (level == above == PRODUCT and kind in OPERATORS) else text


def _product(it: Any) -> str:
    if it.could_extract_minus_sign():
        return f"-{_infix(-it, PRODUCT)}"
    numerator, denominator = it.as_numer_denom()
    factors = " * ".join(_infix(factor, PRODUCT) for factor in numerator.as_ordered_factors())
    return factors if denominator == 1 else f"{factors} / {_infix(denominator, ATOM)}"
