"""Shape inference: what PyTorch itself gives on the meta device, with symbolic sizes."""

from .infer import Inferred, Rejected, freeze, infer, replace_sizes
from .real import OwnCode, is_own
from .symbolic import (
    always,
    arithmetic,
    at_hints,
    data_size,
    data_sizes_of,
    is_symbolic,
    round_number,
    rounds_of,
    simplify,
    symbol,
)

__all__ = [
    "Inferred",
    "OwnCode",
    "Rejected",
    "always",
    "arithmetic",
    "at_hints",
    "data_size",
    "data_sizes_of",
    "freeze",
    "infer",
    "is_own",
    "is_symbolic",
    "replace_sizes",
    "round_number",
    "rounds_of",
    "simplify",
    "symbol",
]
