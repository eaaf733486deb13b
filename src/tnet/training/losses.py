"""Losses: classes of torch.nn and functions of torch.nn.functional, applied to the net's outputs and `target`."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..catalog.python import OwnFunction, OwnLayer
from ..data.calls import argument_span, bind, described_value, signature
from ..diagnostics import SpecError, counted, did_you_mean, error
from ..elaborate.callees import Callee
from ..ir.graph import Net
from ..ir.types import TensorType
from ..ir.values import Call, Expression, Stages
from ..source import Span
from . import loss_expressions
from .dtypes import in_default
from .loss_expressions import ExpressionChoice
from .outputs import outputs_of

OBSOLETE = frozenset({"size_average", "reduce"})
CLASS_NUMBERS = frozenset(
    {"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss", "cross_entropy", "nll_loss", "multi_margin_loss"}
)
"""Losses whose integer target is the number of a class."""
WHOLE_TARGETS = CLASS_NUMBERS | {"MultiLabelMarginLoss", "multilabel_margin_loss"}
"""Losses that take an integer target as it is; for all others it becomes float."""
MULTILABEL = frozenset(
    {"MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "multilabel_margin_loss", "multilabel_soft_margin_loss"}
)
BINARY = frozenset(
    {"BCELoss", "BCEWithLogitsLoss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "SoftMarginLoss",
     "soft_margin_loss"}
)  # fmt: skip
OF_PROBABILITIES = frozenset({"BCELoss", "binary_cross_entropy"})
"""Losses of two classes that take the probability of the second, not its logit."""
OF_LOGITS = frozenset(
    {"CrossEntropyLoss", "cross_entropy", "BCEWithLogitsLoss", "binary_cross_entropy_with_logits",
     "MultiLabelSoftMarginLoss", "multilabel_soft_margin_loss"}
)  # fmt: skip
"""Losses of what a sigmoid or softmax makes probabilities."""
MOST_TRIED = 2**22  # numbers in the outputs that a loss is tried on while checking


@dataclass(frozen=True)
class LossChoice:
    """A loss with its arguments. `roles` has, for each argument of its call, the number of an output or "target"."""

    name: str
    function: Callable
    arguments: Mapping[str, Any]
    roles: tuple[int | str, ...]
    span: Span | None
    is_expression = False
    own = None

    @property
    def is_class(self) -> bool:
        return inspect.isclass(self.function)

    @property
    def fields(self) -> tuple[str, ...]:
        """What the loss takes of a sample besides the net's outputs."""
        return tuple(role for role in self.roles if isinstance(role, str))

    @property
    def class_numbers(self) -> bool:
        return self.name in CLASS_NUMBERS

    def build(self, device: str | torch.device = "cpu") -> Loss:
        """The loss, its tensors (class weights) on the device."""
        tensors = {n: v.to(device, in_default(v.dtype)) for n, v in self.arguments.items() if isinstance(v, Tensor)}
        arguments = {**self.arguments, **tensors}
        return Loss(self, self.function(**arguments) if self.is_class else None, {} if self.is_class else arguments)


def build(choices: Choices, device: str | torch.device = "cpu") -> nn.Module:
    """The losses of a recipe: the only one, or all, which give a tuple."""
    built = {name: each.build(device) for name, each in choices.items()}
    return built[""] if "" in built else Losses(built)


class Losses(nn.Module):
    """Several losses of the same outputs and batch."""

    def __init__(self, losses: Mapping[str, nn.Module]):
        super().__init__()
        for name, loss in losses.items():
            self.add_module(name, loss)

    def forward(self, outputs: Any, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        return tuple(loss(outputs, batch) for loss in self.children())


class Loss(nn.Module):
    """`loss(outputs, batch)` is a scalar; outputs are what the net returns, a batch maps field names to tensors."""

    def __init__(self, choice: LossChoice, module: nn.Module | None, arguments: Mapping[str, Any]):
        super().__init__()
        self.roles, self.function, self.arguments = choice.roles, module or choice.function, dict(arguments)
        self.keeps_integers = choice.name in WHOLE_TARGETS

    def forward(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        listed = outputs_of(outputs)
        values = [self._target(batch["target"], listed[0]) if r == "target" else listed[r] for r in self.roles]
        return self.function(*values, **self.arguments)

    def _target(self, target: Tensor, output: Tensor) -> Tensor:
        floats = target.is_floating_point() or self.keeps_integers
        return target if floats else target.to(output.dtype)


@cache
def names() -> Mapping[str, Callable]:
    """The losses of torch.nn and the functions of torch.nn.functional that take a `target`, by name."""
    base = nn.modules.loss._Loss
    classes = {n: c for n, c in vars(nn).items() if inspect.isclass(c) and issubclass(c, base)}
    functions = {n: f for n, f in vars(F).items() if inspect.isfunction(f) and not n.startswith("_")}
    return classes | {n: f for n, f in functions.items() if {"target", "anchor"} & signature(f).parameters.keys()}


Choices = Mapping[str, LossChoice | ExpressionChoice]
"""The losses of a recipe by name, of which a single one has none."""


def choose_all(value: Any, span: Span, net: Net | None, open_fields: bool = True) -> Choices | None:
    """The losses of a recipe by name: one, whose name is empty; those of a map `{main: …, aux: …}`; or those of a list,
    by their numbers from 0. None as in `choose`. Raises SpecError with all that is wrong."""
    if not isinstance(value, list | dict):
        choice = choose(value, span, net, open_fields)
        return None if choice is None else {"": choice}
    named = value if isinstance(value, dict) else {str(number): each for number, each in enumerate(value)}
    if not named:
        raise error("TN0802", "a recipe needs a loss", span, help="such as `CrossEntropyLoss()`")
    found: dict[str, Any] = {}
    wrong = []
    for name, each in named.items():
        try:
            if not isinstance(name, str) or not name.isidentifier() and not name.isdigit():
                raise error("TN0802", f"{described_value(name)} is no name for a loss", span)
            found[name] = choose(each, getattr(each, "span", None) or span, net, open_fields)
        except SpecError as problem:
            wrong += problem.diagnostics
    if wrong:
        raise SpecError(wrong)
    return None if None in found.values() else found


def predicting(choices: Choices) -> LossChoice | ExpressionChoice:
    """The loss that says what kind of targets there are: of several, the first that is for classes."""
    return next((each for each in choices.values() if each.class_numbers or each.name in BINARY | MULTILABEL),
                next(iter(choices.values())))  # fmt: skip


def choose(value: Any, span: Span, net: Net | None, open_fields: bool = True) -> LossChoice | ExpressionChoice | None:
    """The loss that a setting's value means, tried on outputs of the net's shapes; None for one over the outputs of a
    net that is not known. `open_fields` says that samples may have fields besides the net's inputs and `target`.

    Raises SpecError: TN0001 for what is not done yet, TN0802 for no loss, TN0301 to TN0304 for arguments.
    """
    value = Call(value, span=span) if isinstance(value, str) else value
    if isinstance(value, int | float | None):
        raise error("TN0802", f"{described_value(value)} is no loss", span, help="such as `CrossEntropyLoss()`")
    if isinstance(value, list | dict):
        raise error("TN0802", "several losses are for `train`; here one is needed", span, help="add them up")
    own = isinstance(value, Callee) and isinstance(value.target, OwnLayer | OwnFunction)
    if isinstance(value, Callee) and value.kind in ("layer", "function") and not own:
        value = Call(value.name, value.args, dict(value.kwargs), True, span)
    if isinstance(value, Callee) and value.kind not in ("block", "autograd") and not own:
        raise error("TN0802", f"`{value.name}` is no loss", span, help="such as `CrossEntropyLoss()`")
    if isinstance(value, Callee | Expression):
        return loss_expressions.choose(value, span, net, open_fields, CLASS_NUMBERS) if net else None
    if isinstance(value, Stages):
        raise error("TN0802", "stages are for schedules", span, help="in a loss a pipe stands in parentheses")
    if not isinstance(value, Call):
        raise error("TN0802", f"{described_value(value)} is no loss", span, help="such as `CrossEntropyLoss()`")
    function = names().get(value.name)
    if _has_weights(value.name):
        message = f"`{value.name}` has weights of its own, which are trained only in a block"
        advice = f"write `block Own()(output, target) {{ x = (output, target) -> {value.name}(…) }}` and `loss = Own`"
        raise error("TN0802", message, value.span or span, help=advice)
    if function is None:
        advice = did_you_mean(value.name, names()) or "a loss is a class or function of torch, or a block of two inputs"
        raise error("TN0802", f"unknown loss `{value.name}`", value.name_span or span, help=advice)
    expected, taken = _split_signature(function)
    arguments = {name: _tensor(v, expected.parameters[name]) for name, v in bind(value, expected).items()}
    reduction = arguments.get("reduction", "mean")
    if reduction not in ("mean", "sum", "batchmean"):
        place = argument_span(value, "reduction", expected)
        raise error("TN0802", f"a loss is one number; `reduction` is {described_value(reduction)}", place,
                    help='leave it out, or write "sum"')  # fmt: skip
    roles = _roles(value.name, taken, len(net.outputs) if net else 1, value.span or span)
    choice = LossChoice(value.name, function, arguments, roles, value.span or span)
    if net is not None:
        _try(choice, net, expected, value)
    return choice


def _has_weights(name: str) -> bool:
    """Whether a loss of torch.nn has layers inside, sized by its input."""
    cls = vars(nn).get(name)
    return inspect.isclass(cls) and name.endswith("Loss") and "in_features" in inspect.signature(cls).parameters


def _split_signature(function: Callable) -> tuple[inspect.Signature, list[str]]:
    """What a spec may write, and what a call takes from the net and the sample."""
    if inspect.isclass(function):
        called = inspect.signature(function.forward).parameters
        taken = [n for n, each in called.items() if n != "self" and each.default is each.empty]
        return signature(function, OBSOLETE), taken
    whole = signature(function, OBSOLETE).parameters
    taken = [name for name, each in whole.items() if each.default is each.empty]
    rest = [each.replace(kind=each.KEYWORD_ONLY) for name, each in whole.items() if name not in taken]
    return inspect.Signature(rest), taken


def _tensor(value: Any, parameter: inspect.Parameter) -> Any:
    """A list becomes a tensor where the signature wants one. Raises SpecError for a name that means nothing."""
    if isinstance(value, Call):
        raise error("TN0201", f"`{value.name}` is not defined", value.span)
    wants = "Tensor" in str(parameter.annotation)
    return torch.tensor(value, dtype=torch.float32) if wants and isinstance(value, list | int | float) else value


def _roles(name: str, taken: Sequence[str], outputs: int, span: Span | None) -> tuple[int | str, ...]:
    """`target` goes where the loss says so, the net's outputs fill the other places in order."""
    roles: list[int | str] = []
    for each in taken:
        roles.append("target" if each in ("target", "targets") else len(roles) - roles.count("target"))
    wanted = len(roles) - roles.count("target")
    if wanted != outputs:
        places = ", ".join(f"`{each}`" for each in taken)
        plural = counted(outputs, "output")
        advice = "an expression says what goes where, such as `cross_entropy(logits, target)`"
        raise error("TN0802", f"`{name}` takes {places}; the net gives {plural}", span, help=advice)
    return tuple(roles)


def _try(choice: LossChoice, net: Net, expected: inspect.Signature, call: Call) -> None:
    """Run the loss on two samples of zeros, with targets that it may have, to find wrong values and sizes."""
    types = [kind for _, kind in net.outputs]
    if not all(isinstance(kind, TensorType) for kind in types):
        return
    shapes = [[2, *(_size(dim, net) for dim in kind.dims[1:])] for kind in types]
    if sum(torch.Size(shape).numel() for shape in shapes) > MOST_TRIED:
        return
    outputs = [torch.zeros(shape, dtype=getattr(torch, kind.dtype)) for shape, kind in zip(shapes, types, strict=True)]
    problems = [_complaint(choice, outputs, target) for target in possible_targets(choice, outputs[0])]
    if all(problems):
        reason = problems[0]
        blamed = next((name for name in choice.arguments if name in reason), None)
        span = argument_span(call, blamed, expected) if blamed else choice.span
        given = ", ".join(str(kind) for kind in types)
        raise error("TN0802", f"`{choice.name}` does not take the net's output `{given}`: {reason}", span)


def possible_targets(choice: LossChoice, output: Tensor) -> list[Tensor]:
    """Targets that a loss may have for an output: class numbers; or numbers, one for each of the output's or one a
    sample."""
    if choice.class_numbers:
        return [torch.zeros([len(output), *output.shape[2:]], dtype=torch.int64)]
    dtype = torch.int64 if choice.name in WHOLE_TARGETS else output.dtype
    return [torch.zeros_like(output, dtype=dtype), torch.zeros(len(output), dtype=dtype)]


def _complaint(choice: LossChoice, outputs: list[Tensor], target: Tensor) -> str | None:
    """What torch says against these outputs and this target."""
    try:
        with warnings.catch_warnings():  # of sizes that torch would repeat; `checks` finds those in the data
            warnings.simplefilter("ignore")
            choice.build()(outputs if len(outputs) > 1 else outputs[0], {"target": target})
    except Exception as problem:
        return (str(problem).strip() or type(problem).__name__).splitlines()[0].rstrip(".")
    return None


def _size(dim: Any, net: Net) -> int:
    if isinstance(dim, int):
        return dim
    try:
        values = {symbol: net.symbols.get(str(symbol)) or 4 for symbol in dim.free_symbols}
        return int(dim.subs(values))
    except (AttributeError, TypeError):
        return 4
