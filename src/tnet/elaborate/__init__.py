"""From the syntax tree and hyper-parameters to the typed IR: everything but tensors is worked out here."""

from . import attributes, declared, expressions, groups, indexing, loops, modes, operators, ports, repeats, steps  # noqa: F401  each enters what it evaluates
from .program import elaborate

__all__ = ["elaborate"]
