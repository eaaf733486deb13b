"""From the syntax tree and hyper-parameters to the typed IR: everything but tensors is worked out here."""

from . import (  # noqa: F401  each enters what it evaluates
    attributes,
    autograd,
    declared,
    expressions,
    groups,
    indexing,
    loops,
    models,
    modes,
    operators,
    ports,
    repeats,
    steps,
)
from .program import elaborate

__all__ = ["elaborate"]
