"""Optimizers: the classes of torch.optim, chosen and checked by their signatures, built over parameter groups."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ..diagnostics import did_you_mean, error
from ..ir.values import Call
from ..parameters.arguments import bind, lowered, show
from ..parameters.choice import OptimizerChoice, optimizer_classes, option_parameters
from ..parameters.groups import ParameterGroup
from ..source import Span

LATER = {"SparseAdam": "it needs sparse gradients"}
"""Classes that are refused by name as yet, with the reason."""


def choose(value: Any, span: Span | None) -> OptimizerChoice:
    """The optimizer that the value of `optimizer = …` names. Raises SpecError, with the nearest right name."""
    if isinstance(value, str):  # from the command line, where a name that means nothing is text
        value = Call(value, span=span)
    if not isinstance(value, Call):
        raise error(
            "TN0802",
            f"{show(value)} is no optimizer",
            span,
            help="write a class of torch.optim, such as `AdamW(lr=1e-3)`",
        )
    classes = optimizer_classes()
    if value.name not in classes:
        help = did_you_mean(value.name, classes) or f"there are {', '.join(f'`{name}`' for name in classes)}"
        raise error("TN0802", f"torch.optim has no optimizer `{value.name}`", value.span or span, help=help)
    cls = classes[value.name]
    if why := LATER.get(value.name) or (_needs_closure(cls) and "it calls for the loss several times a step"):
        raise error("TN0001", f"the optimizer `{value.name}` is not done yet: {why}", value.span or span)
    return _checked(cls, value, value.span or span)


def _checked(cls: type[Optimizer], call: Call, span: Span | None) -> OptimizerChoice:
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


def _needs_closure(cls: type[Optimizer]) -> bool:
    closure = inspect.signature(cls.step).parameters.get("closure")
    return closure is not None and closure.default is closure.empty


def build(model: nn.Module, groups: Sequence[ParameterGroup], choice: OptimizerChoice) -> Optimizer:
    """The optimizer over the groups' parameters of `model`, which it must have by those names.

    Each of its `param_groups` has the group's options, and its name under `"name"`.
    """
    parameters = dict(model.named_parameters())
    listed = [
        {"params": [parameters[name] for name in group.parameters], "name": group.name, **group.options}
        for group in groups
    ]
    return choice.cls(listed, **choice.options)
