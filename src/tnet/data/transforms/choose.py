"""Which transform a call in `augment`, `prepare` or `transform` means, and whether its arguments are right."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from torch import nn

from ...diagnostics import did_you_mean, error
from ...ir.values import Call
from ...source import Span
from ..calls import argument_span, bind, signature

STATISTICS = ("mean", "std")
"""Arguments of `Normalize` that may be "auto"."""

ELSEWHERE = {
    "MixUp": "it mixes the samples of a batch: write `mixup = 0.2` in `train`",
    "CutMix": "it mixes the samples of a batch: write `cutmix = 1.0` in `train`",
    "Lambda": "it runs Python code, which a spec may not bring",
    "ToPILImage": "transforms run on tensors here; leave it out",
}


@dataclass(frozen=True)
class Transform:
    """A transform with its arguments; `auto` names those that the statistics of the data fill in."""

    name: str
    cls: type
    arguments: Mapping[str, Any]
    auto: frozenset[str]
    span: Span | None

    def build(self, statistics: Mapping[str, list[float]] | None = None) -> nn.Module:
        """The torchvision transform, with `statistics` in place of "auto"."""
        return self.cls(**{**self.arguments, **(statistics or {})})

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.arguments.items())})"


@cache
def names() -> Mapping[str, type]:
    """Every transform of torchvision's second version, by name."""
    from torchvision.transforms import v2

    return {name: each for name, each in vars(v2).items() if _is_transform(each) and each is not v2.Transform}


def _is_transform(value: Any) -> bool:
    from torchvision.transforms import v2

    return inspect.isclass(value) and issubclass(value, v2.Transform)


def choose(call: Call) -> Transform:
    """The transform that a call means; it is built once to let torchvision check the values.

    Raises SpecError: TN0701 for an unknown name, TN0301 to TN0304 for arguments.
    """
    cls = names().get(call.name)
    if call.name in ELSEWHERE:
        raise error("TN0701", f"`{call.name}` is no transform of samples here", call.span, help=ELSEWHERE[call.name])
    if cls is None:
        raise error("TN0701", f"unknown transform `{call.name}`", call.name_span, help=did_you_mean(call.name, names()))
    expected = signature(cls)
    automatic = _automatic(call, expected)
    arguments = {name: _built(value) for name, value in bind(_without(call, automatic), expected).items()}
    arguments |= {name: "auto" for name in automatic}
    chosen = Transform(call.name, cls, arguments, automatic, call.span)
    try:
        chosen.build(dict.fromkeys(automatic, [1.0]))
    except (TypeError, ValueError, RuntimeError) as problem:
        reason = str(problem).strip().rstrip(".").splitlines()[0]
        span = argument_span(call, blamed, expected) if (blamed := _blamed(chosen, expected)) else call.span
        raise error("TN0304", f"`{call.name}`: {reason[:1].lower()}{reason[1:]}", span) from problem
    return chosen


def _blamed(chosen: Transform, expected: inspect.Signature) -> str | None:
    """The argument without which torchvision would not complain."""
    for name in chosen.arguments:
        rest = {each: value for each, value in chosen.arguments.items() if each != name and each not in chosen.auto}
        try:
            chosen.cls(**rest)
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


def _built(value: Any) -> Any:
    """Transforms given as arguments (`RandomApply([ColorJitter(0.2)])`) are built; lists keep their order."""
    if isinstance(value, Call):
        inner = choose(value)
        if inner.auto:
            raise error("TN0301", '"auto" statistics are for a transform that stands alone', value.span)
        return inner.build()
    return [_built(item) for item in value] if isinstance(value, list | tuple) else value
