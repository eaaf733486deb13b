"""Gradients that a spec declares, against finite differences in float64.

Each function with its own gradient is tested at the shapes at which a net uses it, one input at a time, by
`torch.autograd.gradcheck`; an input of many elements along random directions in which a few of them move. (gradcheck's
own `fast_mode` lets a gradient pass that is three times too large, for an input of some thousand elements.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.autograd.gradcheck import GradcheckError, gradcheck

from ..diagnostics import Diagnostic, Note
from ..ir import graph as ir
from ..ir.autograd import Autograd
from ..ir.text import size
from ..ir.types import TensorType
from ..shapes import at_hints
from .classes import unique_functions, unique_modules
from .loading import load
from .source import generate

MOST_ELEMENTS = 200
"""Inputs with more are tested along random directions. So few move that none is likely to step over a kink."""

DIRECTIONS = 4
RELATIVE, ABSOLUTE = 1e-5, 1e-8
"""What differences may be off by, of the size of their terms: central differences are right to about 1e-9."""

POINTS: tuple[Callable[..., torch.Tensor], ...] = (torch.randn, torch.rand)
"""Where functions are tested: the first of these at which all is finite."""

SIZES = (lambda number: number + 2, lambda number: 8 * (number + 1), lambda number: 64 * (number + 1))
"""Sizes tried for symbolic dims without a hint, by their number."""

STEP = 1e-6

Call = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]


@dataclass(frozen=True)
class GradientCheck:
    """A function tested at one choice of shapes. `problems` is empty where its gradient is right; `inputs` says where
    it was tested, `v float64[2, 3]`."""

    name: str
    inputs: str
    problems: tuple[Diagnostic, ...]


def check_gradients(net: ir.Net) -> Iterator[GradientCheck]:
    """A test of each function with its own gradient that a net applies, at each of the types at which it does."""
    hints = _sizes(net)
    for function in unique_functions(list(unique_modules(net.root))):
        with _float64():
            yield _check(function, net, hints)


@contextmanager
def _float64() -> Iterator[None]:
    """Tensors that a function makes without a dtype are float64 too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _sizes(net: ir.Net) -> dict[str, int]:
    """Sizes that the net takes: the hints, and small ones."""
    free = [name for name, hint in net.symbols.items() if hint is None]
    known = {name: hint for name, hint in net.symbols.items() if hint is not None}
    trials = [known | {name: trial(number) for number, name in enumerate(free)} for trial in SIZES]
    return next((sizes for sizes in trials if all(_holds(each, sizes) for each in net.conditions)), trials[-1])


def _holds(condition: ir.Condition, sizes: dict[str, int]) -> bool:
    return bool(condition.relation.subs({each: sizes[each.name] for each in condition.relation.free_symbols}))


def _check(function: Autograd, net: ir.Net, hints: dict[str, int]) -> GradientCheck:
    model = _module(function, net)
    values = function.forward.inputs
    shapes = [tuple(at_hints(dim, hints) for dim in value.type.dims) for value in values]
    inputs = _finite_inputs(model, function, shapes)
    where = ", ".join(f"`{value.name}` {_written(each)}" for value, each in zip(values, inputs, strict=True))
    problems = [
        problem
        for number, gradient in enumerate(function.gradients)
        if gradient is not None and (problem := _problem(model, function, number, inputs, where))
    ]
    return GradientCheck(function.name, where, tuple(problems))


def _module(function: Autograd, net: ir.Net) -> torch.nn.Module:
    """A net that applies the function and does nothing else."""
    inputs = [ir.Value(value.name, value.type) for value in function.forward.inputs]
    results = tuple(ir.Value("x", value.type) for value in function.results)
    result = results[0] if len(results) == 1 else results
    node = ir.Node("autograd", function.name, (function, *inputs), {}, result)
    root = ir.Module("net", "Check", inputs, [node], result, own_inputs=len(inputs))
    outputs = tuple((None, value.type) for value in results)
    text = generate(ir.Net(root.name, root, outputs, dict(net.symbols)))
    return load(text, root.name, f"<gradient of {function.name}>")()


def _finite_inputs(model: torch.nn.Module, function: Autograd, shapes: list[tuple]) -> list[torch.Tensor]:
    for draw in POINTS:
        generator = torch.Generator().manual_seed(0)
        types = [value.type for value in function.forward.inputs]
        inputs = [_input(kind, shape, draw, generator) for kind, shape in zip(types, shapes, strict=True)]
        try:
            given = model(*inputs)
        except Exception:  # said when its gradient is tested
            return inputs
        if all(each.isfinite().all() for each in (given if isinstance(given, tuple) else (given,))):
            return inputs
    return inputs


def _input(kind: TensorType, shape: tuple, draw: Callable, generator: torch.Generator) -> torch.Tensor:
    dtype = getattr(torch, kind.dtype)
    if dtype.is_complex or dtype.is_floating_point:
        wide = torch.complex128 if dtype.is_complex else torch.float64
        return draw(shape, generator=generator, dtype=wide)
    if dtype == torch.bool:
        return torch.rand(shape, generator=generator) > 0.5
    return torch.zeros(shape, dtype=dtype)  # an index that every dim has


def _problem(
    model: torch.nn.Module, function: Autograd, number: int, inputs: list[torch.Tensor], where: str
) -> Diagnostic | None:
    """What is wrong with the gradient for one input."""

    def call(moved: torch.Tensor) -> tuple[torch.Tensor, ...]:
        results = model(*inputs[:number], moved, *inputs[number + 1 :])
        return tuple(each for each in (results if isinstance(results, tuple) else (results,)) if _has_gradient(each))

    given = inputs[number].clone().requires_grad_()
    name, span = function.forward.inputs[number].name, function.gradients[number].span
    try:
        wrong = _difference(call, given)
    except Exception as problem:  # whatever PyTorch raises on what the spec computes
        reason = str(problem).strip().split("\n")[0]
        message = f"`{function.name}` cannot be tested in float64: {reason}"
        return Diagnostic("TN0407", "error", message, span, (Note(f"tested at {where}"),))
    if wrong is None:
        return None
    message = f"the gradient of `{function.name}` for `{name}` is not that of its `forward`"
    return Diagnostic("TN0407", "error", message, span, (Note(wrong), Note(f"tested at {where}")))


def _difference(call: Call, given: torch.Tensor) -> str | None:
    """How the gradient differs from finite differences, or None where it does not."""
    if given.numel() <= MOST_ELEMENTS:
        try:
            gradcheck(call, (given,), eps=STEP)
            return None
        except GradcheckError:
            pass
    slopes = [_slopes(call, given, seed) for seed in range(DIRECTIONS)]
    expected, found, _ = max(slopes, key=lambda each: abs(each[0] - each[1]))
    if given.numel() > MOST_ELEMENTS and all(abs(a - b) <= ABSOLUTE + RELATIVE * scale for a, b, scale in slopes):
        return None
    return f"along a random direction finite differences give {expected:.6g}, `backward` gives {found:.6g}"


def _slopes(call: Call, given: torch.Tensor, seed: int) -> tuple[float, float, float]:
    """The slope of a random mix of all results as a few elements move: by differences and by the gradient; and the size
    of the terms of the latter."""
    generator = torch.Generator().manual_seed(seed)
    moved = torch.randperm(given.numel(), generator=generator)[:MOST_ELEMENTS]
    direction = torch.zeros(given.numel(), dtype=given.dtype)
    direction[moved] = torch.randn(len(moved), generator=generator, dtype=given.dtype)
    direction = direction.view(given.shape)
    mix = [torch.randn(each.shape, generator=generator) for each in call(given)]

    def total(at: torch.Tensor) -> torch.Tensor:
        return sum((weight * _real(each)).sum() for weight, each in zip(mix, call(at), strict=True))

    with torch.no_grad():
        expected = (total(given + STEP * direction) - total(given - STEP * direction)) / (2 * STEP)
    (gradient,) = torch.autograd.grad(total(given), given, materialize_grads=True)
    terms = (gradient.conj() * direction).real
    return float(expected), float(terms.sum()), float(terms.norm())


def _real(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.real + 2 * tensor.imag if tensor.is_complex() else tensor


def _has_gradient(tensor: torch.Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def _written(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')}[{', '.join(map(size, tensor.shape))}]"
