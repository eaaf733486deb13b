"""The optimizer that a spec chose: a class with the options that its call says, checked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import torch

from ..source import Span
from .arguments import parameters


@cache
def optimizer_classes() -> dict[str, type]:
    """The optimizers of torch.optim by name."""
    base = torch.optim.Optimizer
    found = {name: each for name, each in vars(torch.optim).items() if inspect.isclass(each) and issubclass(each, base)}
    return {name: each for name, each in sorted(found.items()) if each is not base and not name.startswith("_")}


@cache
def option_parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The options of an optimizer class: its constructor's arguments but for the parameters to train."""
    return {name: each for name, each in parameters(cls).items() if name != "params"}


@cache
def all_option_names() -> frozenset[str]:
    """What is an option of some optimizer."""
    return frozenset(name for cls in optimizer_classes().values() for name in option_parameters(cls))


@dataclass(frozen=True)
class OptimizerChoice:
    """A class of torch.optim with the options that its call in the spec gives, and their places."""

    cls: type
    options: Mapping[str, Any] = field(default_factory=dict)
    spans: Mapping[str, Span | None] = field(default_factory=dict)
    span: Span | None = None

    @property
    def name(self) -> str:
        return self.cls.__name__

    @cached_property
    def own(self) -> dict[str, Any]:
        """All options of the call: those that it gives and the class's defaults."""
        return {name: self.options.get(name, each.default) for name, each in option_parameters(self.cls).items()}

    def complaint(self, options: Mapping[str, Any], shape: tuple[int, ...] = (1, 1)) -> str | None:
        """What the class itself says against these options, or against a parameter of this shape."""
        if options.get("differentiable"):
            return "`differentiable` takes gradients through the optimizer's steps, which training does not"
        try:
            self.cls([torch.nn.Parameter(torch.empty(shape))], **options)
        except (ValueError, TypeError, RuntimeError) as problem:
            return str(problem)
        return None

    def blamed(self, options: Mapping[str, Any], otherwise: Mapping[str, Any]) -> str | None:
        """The option at fault: the one that, as in `otherwise`, would end the complaint. None for several."""
        changed = [name for name, value in options.items() if value != otherwise[name]]
        return next((each for each in changed if not self.complaint({**options, each: otherwise[each]})), None)
