"""Expressions that are read while training: over `epoch` and `step`, say, which nobody knows before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..diagnostics import SpecError
from ..ir.values import Expression
from .callees import Skip
from .evaluation import evaluate
from .frames import Frame, LimitReached, Work

DEFERRED_CALLS = frozenset({"Lambda", "LambdaLR", "MultiplicativeLR"})
"""Calls of a section whose arguments are such expressions."""


def evaluate_with(expression: Expression, names: Mapping[str, Any]) -> Any:
    """The value of an expression where `names` are known, besides those of the place where it stands.

    Limits count anew each time. Raises SpecError.
    """
    frame = Frame(Work(), expression.frame.globals, names=dict(names), parent=expression.frame)
    try:
        return evaluate(expression.node, frame)
    except LimitReached as limit:
        raise limit.problem from None
    except Skip:
        raise SpecError([]) from None
