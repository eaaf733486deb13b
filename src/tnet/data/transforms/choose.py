"""Which transform a call in `augment`, `prepare` or `transform` means, and whether its arguments are right."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from torch import nn

from ...diagnostics import did_you_mean, error
from ...ir.graph import DTypeRef
from ...ir.types import DTYPES
from ...ir.values import Call
from ...source import Span
from ..calls import argument_span, bind, described_value, signature

STATISTICS = ("mean", "std")
"""Arguments of `Normalize` that may be "auto"."""

ELSEWHERE = {
    "MixUp": "it mixes the samples of a batch: write `mixup = 0.2` in `train`",
    "CutMix": "it mixes the samples of a batch: write `cutmix = 1.0` in `train`",
    "Lambda": "it runs Python code: write a function of a sample in a file of your own, and `use mymodule: name`",
}
"""Transforms that are refused, with what to write instead."""

INNER = "transforms"
"""The argument in which a transform holds others."""

TENSORS = ("transformation_matrix", "mean_vector")
"""Arguments that torchvision wants as tensors, which a spec writes as lists."""

RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("size", "min_size", "max_size", "target_size", "kernel_size", "num_samples"), (1, float("inf"))),
    **dict.fromkeys(("p", "threshold"), (0, float("inf"))),
    "bits": (0, 8),
}
"""What torchvision itself finds out at the first sample only: the least and most of numbers, alone or in a list."""


@dataclass(frozen=True)
class Transform:
    """A transform with its arguments; `auto` names those that the statistics of the data fill in, `inner` are the
    transforms that it holds. `training` says whether it runs in training or in evaluation only, None in both."""

    name: str
    cls: type
    arguments: Mapping[str, Any]
    auto: frozenset[str]
    span: Span | None
    inner: tuple[Transform, ...] = ()
    training: bool | None = None

    def build(self, statistics: Mapping[str, list[float]] | None = None) -> nn.Module:
        """The torchvision transform, with `statistics` in place of "auto"."""
        held = {INNER: [each.build() for each in self.inner]} if self.inner else {}
        with warnings.catch_warnings(action="ignore"):  # `ToTensor` is as good as its successor where it does nothing
            return self.cls(**{**_as_tensors(self.arguments), **(statistics or {}), **held})

    def __str__(self) -> str:
        held = [str(each) for each in self.inner]
        when = {None: "", True: " in training", False: " in evaluation"}[self.training]
        return f"{self.name}({', '.join([*held, *(f'{name}={v}' for name, v in self.arguments.items())])}){when}"


def _as_tensors(arguments: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    return {n: torch.tensor(v, dtype=torch.float32) if n in TENSORS else v for n, v in arguments.items()}


@cache
def names() -> Mapping[str, type]:
    """Every transform of torchvision's second version, by name."""
    from torchvision.transforms import v2

    return {name: each for name, each in vars(v2).items() if _is_transform(each) and each is not v2.Transform}


def _is_transform(value: Any) -> bool:
    from torchvision.transforms import v2

    return inspect.isclass(value) and issubclass(value, v2.Transform)


def choose(call: Call, own: Callable[[Call], Transform] | None = None) -> Transform:
    """The transform that a call means; it is built once to let torchvision check the values. `own` chooses those of the
    user's own Python among the transforms that it holds.

    Raises SpecError: TN0701 for an unknown name, TN0301 to TN0304 for arguments.
    """
    cls = names().get(call.name)
    if call.name in ELSEWHERE:
        raise error("TN0701", f"`{call.name}` is no transform of samples here", call.span, help=ELSEWHERE[call.name])
    if cls is None:
        known = [name for name in names() if name not in ELSEWHERE]
        raise error("TN0701", f"unknown transform `{call.name}`", call.name_span, help=did_you_mean(call.name, known))
    expected = signature(cls)
    automatic = _automatic(call, expected)
    arguments = bind(_with_dtypes(_without(call, automatic), expected), expected)
    inner = tuple(_inner(each, call, own) for each in _listed(arguments.pop(INNER, ()), call))
    arguments |= {name: "auto" for name in automatic}
    chosen = Transform(call.name, cls, arguments, automatic, call.span, inner)
    _check_ranges(chosen, call, expected)
    try:
        chosen.build(dict.fromkeys(automatic, [1.0]))
    except (TypeError, ValueError, RuntimeError) as problem:
        reason = str(problem).strip().rstrip(".").splitlines()[0]
        span = argument_span(call, blamed, expected) if (blamed := _blamed(chosen, expected)) else call.span
        raise error("TN0304", f"`{call.name}`: {reason[:1].lower()}{reason[1:]}", span) from problem
    return chosen


def _with_dtypes(call: Call, expected: inspect.Signature) -> Call:
    """The call with dtypes in place of their names: `ToDtype(float32, scale=true)`."""
    wanted = [name for name, each in expected.parameters.items() if "dtype" in str(each.annotation)]
    positional = list(expected.parameters)
    args = tuple(_dtype(value) if name in wanted else value for name, value in zip(positional, call.args, strict=False))
    kwargs = {name: _dtype(value) if name in wanted else value for name, value in call.kwargs.items()}
    return replace(call, args=(*args, *call.args[len(args) :]), kwargs=kwargs)


def _dtype(value: Any) -> Any:
    name = value.name if isinstance(value, Call) else value
    if not isinstance(name, str):
        return value
    if name not in DTYPES:
        span = value.span if isinstance(value, Call) else None
        raise error("TN0303", f"`{name}` is no dtype", span, help=did_you_mean(name, DTYPES))
    return DTypeRef(DTYPES[name])


def _listed(value: Any, call: Call) -> list[Any]:
    if isinstance(value, Call):
        raise error("TN0303", f"`{INNER}` of `{call.name}` is a list of transforms", value.span)
    return list(value)


def _inner(value: Any, holder: Call, own: Callable[[Call], Transform] | None) -> Transform:
    if not isinstance(value, Call):
        message = f"`{holder.name}` holds transforms, not {described_value(value)}"
        raise error("TN0303", message, holder.spans.get(INNER, holder.spans.get(0, holder.span)))
    inner = own(value) if own and value.target else choose(value, own)
    if inner.auto:
        raise error("TN0301", '"auto" statistics are for a transform that stands alone', value.span)
    return inner


def _check_ranges(chosen: Transform, call: Call, expected: inspect.Signature) -> None:
    for name, value in chosen.arguments.items():
        if name not in RANGES:
            continue
        least, most = RANGES[name]
        most = 1 if name == "p" and chosen.name != "RandomChoice" else most
        for each in value if isinstance(value, list | tuple) else [value]:
            if isinstance(each, int | float) and not least <= each <= most:
                limits = f"from {least:g} to {most:g}" if most < float("inf") else f"{least:g} or more"
                message = f"`{name}` of `{call.name}` is {limits}, not {each}"
                raise error("TN0304", message, argument_span(call, name, expected))


def _blamed(chosen: Transform, expected: inspect.Signature) -> str | None:
    """The argument without which torchvision would not complain."""
    for name in chosen.arguments:
        rest = {each: value for each, value in chosen.arguments.items() if each != name}
        try:
            replace(chosen, arguments=rest).build(dict.fromkeys(chosen.auto, [1.0]))
            return name
        except (TypeError, ValueError, RuntimeError):
            continue
    required = [name for name, each in expected.parameters.items() if each.default is each.empty]
    return required[0] if len(required) == 1 else None


def _automatic(call: Call, expected: inspect.Signature) -> frozenset[str]:
    given = dict(zip(expected.parameters, call.args, strict=False)) | dict(call.kwargs)
    return frozenset(name for name in STATISTICS if name in expected.parameters and given.get(name) == "auto")


def _without(call: Call, automatic: frozenset[str]) -> Call:
    """The call with a list in place of "auto", for the check of types."""
    if not automatic:
        return call
    args = tuple([1.0] if value == "auto" else value for value in call.args)
    kwargs = {name: [1.0] if name in automatic else value for name, value in call.kwargs.items()}
    return replace(call, args=args, kwargs=kwargs)
