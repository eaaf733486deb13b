"""Running a callable under fake tensors with symbolic sizes: PyTorch is the authority on shapes."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
import torch
from torch._dispatch.python import enable_python_dispatcher
from torch._dynamo.source import ConstantSource
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.func import functional_call
from torch.fx.experimental.symbolic_shapes import DimDynamic, GuardOnDataDependentSymNode, ShapeEnv

from ..ir.graph import Layer
from ..ir.types import OpaqueType, TensorType
from .arguments import entered
from .symbolic import simplify


@dataclass(frozen=True)
class FakeResult:
    """Types in the structure that the callable returned, and the relations that it asked of symbolic sizes."""

    structure: Any
    relations: tuple[Any, ...]


class Failure(Exception):
    """What PyTorch raised, as text in the caller's names of sizes; for `no_kernel` because fake tensors cannot tell."""

    def __init__(self, text: str, no_kernel: bool = False):
        super().__init__(text)
        self.no_kernel = no_kernel


CANNOT_TELL = (
    NotImplementedError,
    DataDependentOutputException,
    DynamicOutputShapeException,
    GuardOnDataDependentSymNode,
    UnsupportedOperatorException,
)

DEPENDS_ON_DATA = "what it gives depends on data and is known only when the model runs"

logging.getLogger("torch._subclasses.fake_tensor").setLevel(logging.CRITICAL)  # it logs what it also raises


class FakeRun:
    """One run. `sizes` holds the sympy symbols of this run with their hints, in the caller's names."""

    def __init__(self, sizes: Mapping[sympy.Symbol, int]):
        self.env = ShapeEnv(specialize_zero_one=True, duck_shape=False)
        self.mode = FakeTensorMode(shape_env=self.env, allow_non_fake_inputs=True)
        self.inward = {
            each: self.env.create_symbol(
                hint, source=ConstantSource(each.name), dynamic_dim=DimDynamic.DYNAMIC, constraint_dim=None
            )
            for each, hint in sizes.items()
        }
        self.hints = {self.inward[each]: hint for each, hint in sizes.items()}
        self.outward = {inner: outer for outer, inner in self.inward.items() if isinstance(inner, sympy.Symbol)}

    def run(self, call: Callable | Layer, args: Sequence[Any], kwargs: Mapping[str, Any]) -> FakeResult:
        """Raises `Failure` for whatever PyTorch raises."""
        try:
            with self.mode, enable_python_dispatcher(), torch.no_grad(), warnings.catch_warnings(action="ignore"):
                fake_args, fake_kwargs = self.enter(tuple(args)), self.enter(dict(kwargs))
                if isinstance(call, Layer):
                    result = functional_call(call.prototype, self.state(call.prototype), fake_args, fake_kwargs)
                else:
                    result = call(*fake_args, **fake_kwargs)
                structure = self.leave(result)
        except Exception as error:  # any that PyTorch raises on arguments that it does not take
            depends = isinstance(error, (DataDependentOutputException, GuardOnDataDependentSymNode))
            text = DEPENDS_ON_DATA if depends else self.in_callers_names(f"{error}") or type(error).__name__
            raise Failure(text, isinstance(error, CANNOT_TELL)) from error
        relations = tuple(guard.expr.xreplace(self.outward) for guard in self.env.guards)
        return FakeResult(structure, relations)

    def in_callers_names(self, text: str) -> str:
        names = {inner.name: outer.name for inner, outer in self.outward.items()}
        return re.sub(r"\bs\d+\b", lambda found: names.get(found[0], found[0]), text)

    def state(self, prototype: torch.nn.Module) -> dict[str, torch.Tensor]:
        """A layer's parameters and buffers as fake tensors of constant size."""
        tensors = {**dict(prototype.named_parameters()), **dict(prototype.named_buffers())}
        return {name: self.mode.from_tensor(tensor, static_shapes=True) for name, tensor in tensors.items()}

    def enter(self, value: Any) -> Any:
        """An argument with fake tensors for types and symbolic integers for sizes."""
        return entered(value, self.tensor, self.symbolic)

    def tensor(self, kind: TensorType) -> torch.Tensor:
        dims, dtype = self.enter(kind.dims), getattr(torch, kind.dtype)
        if kind.strides is None:
            return torch.empty(dims, dtype=dtype, device="meta")
        return torch.empty_strided(dims, self.enter(kind.strides), dtype=dtype, device="meta")

    def symbolic(self, size: sympy.Expr) -> Any:
        inner = size.xreplace(self.inward)
        hint = int(inner.xreplace({each: sympy.Integer(self.hints[each]) for each in inner.free_symbols}))
        return self.env.create_symintnode(inner, hint=hint)

    def leave(self, value: Any) -> Any:
        """A result with types for tensors and expressions for symbolic integers."""
        if isinstance(value, torch.Tensor):
            dims = tuple(map(self.size, value.shape))
            strides = None if _is_contiguous(value) else tuple(map(self.size, value.stride()))
            return TensorType(str(value.dtype).removeprefix("torch."), dims, strides)
        if isinstance(value, (torch.SymInt, torch.Size)):
            return self.size(value) if isinstance(value, torch.SymInt) else tuple(map(self.size, value))
        if isinstance(value, torch.nn.utils.rnn.PackedSequence):
            return OpaqueType("PackedSequence")
        if isinstance(value, (tuple, list)):
            return (
                type(value)(map(self.leave, value)) if type(value) in (tuple, list) else tuple(map(self.leave, value))
            )
        if isinstance(value, dict):
            return {key: self.leave(item) for key, item in value.items()}
        return value

    def size(self, value: int | torch.SymInt) -> Any:
        if isinstance(value, int):
            return value
        return simplify(self.env.simplify(value.node.expr).xreplace(self.outward))


def _is_contiguous(tensor: torch.Tensor) -> bool:
    from torch.fx.experimental.symbolic_shapes import guard_or_false

    expected: Any = 1
    for size, stride in zip(reversed(tensor.shape), reversed(tensor.stride()), strict=True):
        if isinstance(size, int) and size == 1:
            continue
        if not guard_or_false(stride == expected):
            return False
        expected = expected * size
    return True
