"""infer(call, argument types) -> result types, each distinct question asked once.

Before asking, sizes are renamed: every distinct symbolic size of the arguments becomes a symbol of its own, so that a
layer at `H//4` and at `H//8` is one question; the answer is put back in the caller's sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy

from ..ir.graph import Layer, Value
from ..ir.types import TensorType
from .fake import Failure, FakeResult, FakeRun
from .probe import from_numbers, without_specialisation
from .real import is_own
from .real import run as run_own
from .reasons import bare, reason
from .recurrent import with_few_steps
from .symbolic import always, at_hints, simplify
from .trial import is_tried, real_result, refusal


@dataclass(frozen=True)
class Inferred:
    """`structure`: types where the call gives tensors. `relations`: what it needs of symbolic sizes. `made`: symbols
    of sizes in the structure that depend on data, the same ones each time; the caller gives them others."""

    structure: Any
    relations: tuple[Any, ...] = ()
    made: tuple[sympy.Symbol, ...] = ()


class Rejected(Exception):
    """PyTorch does not take these arguments; the message is its reason, in the caller's sizes.

    `raw` is the reason in PyTorch's own words; `reworded` tells that the message is not.
    """

    def __init__(self, message: str, raw: str, reworded: bool):
        super().__init__(message)
        self.raw, self.reworded = raw, reworded


@dataclass
class Renaming:
    """Sizes of the caller to symbols of the question, and back."""

    hints: Mapping[str, int]
    inward: dict[Any, sympy.Symbol] = field(default_factory=dict)

    def rename(self, value: Any) -> Any:
        match value:
            case Value():
                return self.rename(value.type)
            case TensorType():
                dims = tuple(self.whole(dim) for dim in value.dims)
                strides = value.strides and tuple(map(self.within, value.strides))
                return TensorType(value.dtype, dims, strides)
            case sympy.Expr():
                return self.within(value)
            case tuple() | list():
                return type(value)(map(self.rename, value))
            case dict():
                return {key: self.rename(item) for key, item in value.items()}
            case slice():
                return slice(*map(self.rename, (value.start, value.stop, value.step)))
        return value

    def whole(self, size: Any) -> Any:
        """A size of a tensor: one symbol, whatever it is made of."""
        if isinstance(size, int):
            return size
        if size not in self.inward:
            self.inward[size] = sympy.Symbol(f"d{len(self.inward)}", positive=True, integer=True)
        return self.inward[size]

    def within(self, size: Any) -> Any:
        """A size made of others, as a stride is: the known sizes in it are renamed."""
        if isinstance(size, int):
            return size
        renamed = size.xreplace(self.inward)
        if renamed.free_symbols - set(self.inward.values()):
            return self.whole(size)
        return renamed

    def sizes(self) -> dict[sympy.Symbol, int]:
        return {name: at_hints(size, self.hints) for size, name in self.inward.items()}

    def restore(self, value: Any) -> Any:
        outward = {name: size for size, name in self.inward.items()}
        return replace_sizes(value, outward)


def replace_sizes(value: Any, outward: Mapping[sympy.Symbol, Any]) -> Any:
    """Types, sizes or arguments with other symbols or numbers for symbols."""
    match value:
        case TensorType():
            dims = tuple(replace_sizes(dim, outward) for dim in value.dims)
            strides = value.strides and tuple(replace_sizes(stride, outward) for stride in value.strides)
            return TensorType(value.dtype, dims, strides)
        case sympy.Basic():
            return simplify(value.xreplace(outward))
        case tuple() | list():
            return type(value)(replace_sizes(item, outward) for item in value)
        case dict():
            return {key: replace_sizes(item, outward) for key, item in value.items()}
        case slice():
            return slice(*(replace_sizes(each, outward) for each in (value.start, value.stop, value.step)))
    return value


_answers: dict[Any, FakeResult | Failure] = {}
_answers_at_any_hint: dict[Any, FakeResult] = {}


def infer(
    call: Callable | Layer,
    key: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    hints: Mapping[str, int],
) -> Inferred:
    """The types that `call(*args, **kwargs)` gives.

    `key` names the callable and all that its result depends on besides the arguments. Arguments hold `Value`s or
    `TensorType`s for tensors and sympy expressions for symbolic sizes. Raises `Rejected`.
    """
    renaming = Renaming(hints)
    renamed_args, renamed_kwargs = renaming.rename(tuple(args)), renaming.rename(dict(kwargs))
    sizes = renaming.sizes()
    question = (key, freeze(renamed_args), freeze(renamed_kwargs))
    answer = _answers_at_any_hint.get(question) or _at_hints(question, call, renamed_args, renamed_kwargs, sizes)
    if isinstance(answer, Failure):
        raw = bare(answer)
        message, reworded = reason(raw, {str(name): size for size, name in renaming.inward.items()})
        raise Rejected(message, raw, reworded) from answer
    made = tuple(sorted(_symbols(answer.structure) - sizes.keys(), key=str))
    known = (each for each in answer.relations if not each.free_symbols & set(made))
    relations = tuple(each for each in map(renaming.restore, known) if _matters(each))
    return Inferred(renaming.restore(answer.structure), relations, made)


def _symbols(structure: Any) -> set[sympy.Symbol]:
    match structure:
        case TensorType():
            return set().union(*map(_symbols, structure.dims))
        case tuple() | list():
            return set().union(*map(_symbols, structure))
        case dict():
            return _symbols(list(structure.values()))
        case sympy.Expr():
            return set(structure.free_symbols)
    return set()


def _at_hints(question: Any, call: Any, args: tuple, kwargs: dict, sizes: dict[sympy.Symbol, int]) -> Any:
    """An answer found at these hints; one that asked nothing of any size holds at all hints."""
    at = (question, tuple(sizes.items()))
    if at not in _answers:
        _answers[at] = with_few_steps(call, args, lambda short: _ask(call, short, kwargs, sizes))
        if isinstance(_answers[at], FakeResult) and not any(map(_matters, _answers[at].relations)):
            _answers_at_any_hint[question] = _answers[at]
    return _answers[at]


def _ask(call: Any, args: tuple, kwargs: dict, sizes: dict[sympy.Symbol, int]) -> FakeResult | Failure:
    def at_hints(hints: dict[sympy.Symbol, int]) -> FakeResult:
        return FakeRun(hints).run(call, args, kwargs)

    def at_numbers(hints: dict[sympy.Symbol, int]) -> FakeResult:
        return FakeRun({}).run(call, with_numbers(args, hints), with_numbers(kwargs, hints))

    def real(hints: dict[sympy.Symbol, int]) -> FakeResult:
        return run_own(call, with_numbers(args, hints), with_numbers(kwargs, hints), hints)

    # PyTorch makes a constant of a size that is 1 at its hint; only an operator that needs the 1 is asked with it
    general = {name: max(hint, 2) for name, hint in sizes.items()}
    for hints in (general, sizes) if general != sizes else (sizes,):
        try:
            return _tried(without_specialisation(at_hints, at_numbers, hints), call, args, kwargs, hints)
        except Failure as failure:
            answer = failure
    if is_own(call):
        return _on_cpu(real, sizes)
    return (answer.no_kernel and _from_real_kernels(call, args, kwargs, sizes)) or answer


def _on_cpu(run: Callable, sizes: dict[sympy.Symbol, int]) -> FakeResult | Failure:
    try:
        return without_specialisation(run, run, sizes)
    except Failure as failure:
        return failure


def _from_real_kernels(call: Any, args: tuple, kwargs: dict, sizes: dict[sympy.Symbol, int]) -> FakeResult | None:
    """The answer of an operator without a fake kernel, from small runs on the CPU."""

    def at_numbers(hints: dict[sympy.Symbol, int]) -> FakeResult:
        return real_result(call, with_numbers(args, hints), with_numbers(kwargs, hints))

    return from_numbers(at_numbers, {name: 4 + 2 * number for number, name in enumerate(sizes)})


def _tried(answer: FakeResult, call: Any, args: tuple, kwargs: dict, hints: dict[sympy.Symbol, int]) -> FakeResult:
    """The answer, if real kernels take the call as well. Raises `Failure`."""
    known = not is_own(call) and is_tried((args, kwargs))
    if known and (problem := refusal(call, args, kwargs, hints, answer)):
        raise Failure(str(problem) or type(problem).__name__)
    return answer


def with_numbers(value: Any, hints: Mapping[sympy.Symbol, int]) -> Any:
    """Arguments with numbers for symbolic sizes."""
    return replace_sizes(value, {name: sympy.Integer(hint) for name, hint in hints.items()})


def _matters(relation: Any) -> bool:
    """Whether a relation can be false: `!= 0` and `!= 1` only say that the size was symbolic."""
    if isinstance(relation, sympy.Ne) and relation.rhs in (0, 1):
        return False
    return always(relation) is not True


def freeze(value: Any) -> Any:
    """A hashable form of arguments, which tells `1`, `1.0` and `True` apart."""
    match value:
        case Value():
            return freeze(value.type)
        case TensorType():
            return (value.dtype, value.dims, value.strides)
        case tuple() | list():
            return (type(value).__name__, *map(freeze, value))
        case dict():
            return tuple((name, freeze(item)) for name, item in value.items())
        case slice():
            return ("slice", freeze(value.start), freeze(value.stop), freeze(value.step))
        case int() | float():
            return (type(value).__name__, value)
    return value
