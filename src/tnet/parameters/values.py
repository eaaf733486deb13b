"""Values of the properties that are neither first values nor options of the optimizer, and how they are read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from torch import nn

from ..diagnostics import SpecError, did_you_mean, error
from ..ir.program import Property
from ..ir.values import Call, Duration
from .arguments import bind, parameters, show


@dataclass(frozen=True)
class NormChoice:
    """`clip_norm = 1.0` or `Norm(20, type=1)`: the largest joint norm of gradients."""

    largest: float
    type: float = 2.0


@dataclass(frozen=True)
class LayerDecay:
    """`LayerDecay(0.75, "EncoderLayer")`: a rate is multiplied by `decay ** power`.

    `power` is that of a parameter: 0 for those after the last of the layers, one more for each layer before.
    """

    decay: float
    layers: str
    power: int = 0

    @property
    def factor(self) -> float:
        return self.decay**self.power

    def __str__(self) -> str:
        return f"LayerDecay({show(self.decay)}, {show(self.layers)})"


@dataclass(frozen=True)
class Ema:
    """`Ema("online", 0.99)`: after each step p becomes decay · p + (1 - decay) · q, where q, at `source`, is the
    parameter of the same name in the module followed."""

    module: str
    decay: float
    source: str = ""

    def __str__(self) -> str:
        return f"Ema({show(self.module)}, {show(self.decay)})"


@cache
def parametrizations() -> dict[str, Callable]:
    """The functions of torch.nn.utils.parametrizations that change how a tensor of a module is made."""
    found = vars(nn.utils.parametrizations)
    takes_name = {name for name, each in found.items() if inspect.isfunction(each) and "name" in parameters(each)}
    return {name: found[name] for name in sorted(takes_name) if not name.startswith("_")}


@dataclass(frozen=True)
class Parametrization:
    """`parametrize = spectral_norm(n_power_iterations=2)`, of torch.nn.utils.parametrizations."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> tuple:
        return self.name, tuple(self.arguments.items())

    def apply(self, module: nn.Module, name: str) -> None:
        """Parametrize the tensor `name` of a module, in place. Raises what torch raises."""
        parametrizations()[self.name](module, name, **self.arguments)

    def __str__(self) -> str:
        given = ", ".join(f"{key}={show(value)}" for key, value in self.arguments.items())
        return f"{self.name}({given})" if given else self.name


def wrong(property: Property, wanted: str, value: Any, help: str | None = None) -> SpecError:
    """What a property is, and what was found in its place, to be raised."""
    return error("TN0605", f"`{property.name}` is {wanted}, found {show(value)}", property.value_span, help=help)


def switch(property: Property, value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(property, "`true` or `false`", value)
    return value


def number(least: float, above: bool = False) -> Callable[[Property, Any], float]:
    """A number from `least` on, or above it."""

    def read(property: Property, value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not (value > least if above else value >= least) or value == float("inf"):
            raise wrong(property, f"a number {'above' if above else 'from'} {least:g}{' on' * (not above)}", value)
        return float(value)

    return read


def freeze(property: Property, value: Any) -> bool | Duration:
    if isinstance(value, Duration) and value.value >= 0:
        return value if value.value else False
    if not isinstance(value, bool):
        raise wrong(property, "`true`, `false` or a duration", value, "such as `3 epochs` or `500 steps`")
    return value


def clip_norm(property: Property, value: Any) -> NormChoice:
    if isinstance(value, Call) and value.name == "Norm":
        given, spans = bind(value, parameters(NormChoice), "TN0605", property.value_span)
        if not given.get("type", 2.0) > 0:
            raise error("TN0605", "`type` of `Norm` is above 0", spans["type"])
        return NormChoice(number(0, above=True)(property, given["largest"]), given.get("type", 2.0))
    if isinstance(value, Call | str | list | None):
        raise wrong(property, "a number or `Norm(…)`", value, "such as `1.0` or `Norm(20, type=1)`")
    return NormChoice(number(0, above=True)(property, value))


def layer_decay(property: Property, value: Any) -> LayerDecay:
    advice = 'such as `LayerDecay(0.75, "EncoderLayer")`'
    found = LayerDecay(**_called(LayerDecay, ("decay", "layers"), property, value, advice))
    if not 0 < found.decay <= 1:
        raise error("TN0605", "`decay` of `LayerDecay` is above 0 and at most 1", _place(value, "decay", 0))
    return found


def follow(property: Property, value: Any) -> Ema:
    found = Ema(**_called(Ema, ("module", "decay"), property, value, 'such as `Ema("online", 0.99)`'))
    if not 0 <= found.decay <= 1:
        raise error("TN0605", "`decay` of `Ema` is between 0 and 1", _place(value, "decay", 1))
    return found


def parametrize(property: Property, value: Any) -> Parametrization:
    known = parametrizations()
    if not isinstance(value, Call) or value.name not in known:
        name = value.name if isinstance(value, Call) else ""
        listed = " or ".join(f"`{each}`" for each in known)
        raise wrong(property, f"{listed}", value, did_you_mean(name, known))
    allowed = {name: each for name, each in parameters(known[value.name]).items() if name not in ("module", "name")}
    arguments, _ = bind(value, allowed, "TN0605", property.value_span)
    return Parametrization(value.name, arguments)


def _called(cls: type, names: tuple[str, ...], property: Property, value: Any, advice: str) -> dict[str, Any]:
    """The arguments of the one call that a property takes."""
    if not isinstance(value, Call) or value.name != cls.__name__:
        raise wrong(property, f"`{cls.__name__}(…)`", value, advice)
    allowed = {name: each for name, each in parameters(cls).items() if name in names}
    return bind(value, allowed, "TN0605", value.span or property.value_span)[0]


def _place(value: Call, name: str, number: int) -> Any:
    return value.spans.get(name, value.spans.get(number, value.span))


READERS: dict[str, Callable[[Property, Any], Any]] = {
    "freeze": freeze,
    "l1": number(0),
    "l2": number(0),
    "clip_norm": clip_norm,
    "max_norm": number(0, above=True),
    "layer_decay": layer_decay,
    "follow": follow,
    "parametrize": parametrize,
    "eval": switch,
    "histogram": switch,
    "recompute": switch,
}
"""How the value of each property is read, but those of `init`, `optimizer`, `schedule`, `loss` and options."""

OF_MODULES = frozenset({"eval", "histogram", "recompute"})
"""Properties that hold for modules, those without parameters too."""
