"""The optimizer that a spec chose: a class of torch.optim with the options that its call says, checked."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import torch

from ..diagnostics import did_you_mean, error
from ..ir.values import Call
from ..source import Span
from .arguments import bind, lowered, parameters, show


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


@cache
def takes_closure(cls: type) -> bool:
    """Whether steps of an optimizer class call for the loss."""
    closure = inspect.signature(cls.step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty


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

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={show(value)}' for name, value in self.options.items())})"

    @cached_property
    def own(self) -> dict[str, Any]:
        """All options of the call: those that it gives and the class's defaults."""
        return {name: self.options.get(name, each.default) for name, each in option_parameters(self.cls).items()}

    @cached_property
    def key(self) -> Hashable:
        """The same for choices that one optimizer in memory can stand for."""
        return self.cls, frozen(tuple(self.own.items()))

    @property
    def needs_closure(self) -> bool:
        """Whether a step calls for the loss, several times, as those of `LBFGS` do."""
        return takes_closure(self.cls)

    def complaint(
        self, options: Mapping[str, Any], shape: Sequence[int] = (1, 1), sparse: bool | None = None, groups: int = 1
    ) -> str | None:
        """What the class itself says against these options, a parameter of this shape, or so many groups.

        `sparse` takes a step as well, with a gradient that is sparse or is not.
        """
        if options.get("differentiable"):
            return "`differentiable` takes gradients through the optimizer's steps, which training does not"
        made = [torch.nn.Parameter(torch.zeros(shape)) for _ in range(groups)]
        try:
            optimizer = self.cls([{"params": [each]} for each in made], **options)
            if sparse is not None and not self.needs_closure:
                made[0].grad = torch.zeros(shape).to_sparse(1) if sparse else torch.zeros(shape)
                optimizer.step()
        except (ValueError, TypeError, RuntimeError) as problem:
            return str(problem).splitlines()[0]
        return None

    def blamed(self, options: Mapping[str, Any], otherwise: Mapping[str, Any]) -> str | None:
        """The option at fault: the one that, as in `otherwise`, would end the complaint. None for several."""
        changed = [name for name, value in options.items() if value != otherwise[name]]
        return next((each for each in changed if not self.complaint({**options, each: otherwise[each]})), None)


def frozen(value: Any) -> Any:
    """A value of options with tuples in place of lists, to be hashed."""
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def choose(value: Any, span: Span | None) -> OptimizerChoice:
    """The optimizer that the value of `optimizer = …` names. Raises SpecError, with the nearest right name."""
    if isinstance(value, str):  # from the command line, where a name that means nothing is text
        value = Call(value, span=span)
    if not isinstance(value, Call):
        raise error(
            "TN0802", f"{show(value)} is no optimizer", span,
            help="write a class of torch.optim, such as `AdamW(lr=1e-3)`",
        )  # fmt: skip
    classes = optimizer_classes()
    if value.name not in classes:
        help = did_you_mean(value.name, classes) or f"there are {', '.join(f'`{name}`' for name in classes)}"
        raise error("TN0802", f"torch.optim has no optimizer `{value.name}`", value.name_span or span, help=help)
    return _checked(classes[value.name], value, value.span or span)


def _checked(cls: type, call: Call, span: Span | None) -> OptimizerChoice:
    if "params" in call.kwargs:
        raise error(
            "TN0802", "`params` is not given: an optimizer trains the net", call.spans.get("params", span),
            help="say what differs between parameters in `parameters`",
        )  # fmt: skip
    options, spans = bind(call, option_parameters(cls), "TN0802", span)
    choice = OptimizerChoice(cls, options, spans, span)
    if complaint := choice.complaint(choice.own):
        defaults = {name: each.default for name, each in option_parameters(cls).items()}
        blamed = choice.blamed(choice.own, defaults)
        raise error("TN0802", f"`{choice.name}` rejects this: {lowered(complaint)}", spans.get(blamed) or span)
    return choice
