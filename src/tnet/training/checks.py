"""Whether data, net and loss fit each other, found before the first step. What is wrong is raised as SpecError."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data.loaders import Loader, Loaders
from ..diagnostics import Note, SpecError, error
from ..ir.graph import Net
from ..source import Span
from .compiled import Fields, Forward
from .evaluate import to_device
from .loss_expressions import ExpressionChoice
from .losses import LossChoice
from .modes import evaluating
from .outputs import output_dims, outputs_of

CLOSE = 0.02
"""How far a loss may be from what its parts add up to, as a share: bfloat16 keeps three digits."""
IGNORED = -100
"""The class that torch's losses leave out unless `ignore_index` says otherwise."""


def check_targets(loss: LossChoice | ExpressionChoice, net: Net, loaders: Loaders, span: Span | None) -> None:
    """Every class number is one of the net's outputs. Raises SpecError (TN0703)."""
    dims = output_dims(net)
    if not loss.class_numbers or len(dims) < 2 or not isinstance(dims[1], int):
        return
    for part, loader in loaders.parts.items():
        labels = loader.labels
        if labels is None:
            continue
        counted = labels[labels != loss.arguments.get("ignore_index", IGNORED)]
        wrong = counted[(counted < 0) | (counted >= dims[1])]
        if len(wrong):
            message = f"`{part}` has class {int(wrong[0])}, the net gives {dims[1]} classes, 0 to {dims[1] - 1}"
            least = int(counted.min())
            advice = f"classes are numbered from 0, those of the data from {least}" if least > 0 else None
            raise error("TN0703", message, span, Note("the net's output", net.span), help=advice)


def try_batch(
    forward: Forward,
    loss: LossChoice | ExpressionChoice,
    loader: Loader,
    device: torch.device,
    span: Span | None,
    number: int = 0,
) -> Fields:
    """Run the net and the loss once on two samples, without a trace; gives them. `number` is that of the loss among
    those of the pass. Raises SpecError (TN0703)."""
    batch = to_device(loader.pipeline.one_crop(loader.make(loader.indices[:2], 0)), device)
    for field in loss.fields:
        if field not in batch:
            has = ", ".join(f"`{name}`" for name in batch)
            raise error("TN0703", f"`{loss.name}` takes a `{field}`, the data has {has}", span)
    model = forward.model
    try:
        with evaluating(model), torch.no_grad():
            outputs = outputs_of(model(*[batch[name] for name in forward.inputs]))
            _check_shapes(loss, outputs, batch.get("target"), span)
            value = forward.run_losses(batch)[number]
        if value.numel() != 1:
            raise error("TN0802", f"`{loss.name}` gives {list(value.shape)}, a loss is one number", loss.span)
        return batch
    except SpecError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0].rstrip(".")
        raise error("TN0703", f"`{loss.name}` fails on the first samples: {reason}", loss.span) from problem


def is_sum(
    forward: Forward, loss: LossChoice | ExpressionChoice, loader: Loader, device: torch.device, number: int = 0
) -> bool:
    """Whether a loss is the sum over its samples and not their mean, to add up the parts of a batch. An expression
    does not say so: it is run on four samples and on halves of them. Raises SpecError (TN0803) where it is neither.
    """
    if not loss.is_expression or loader.count < 4:
        return loss.arguments.get("reduction") == "sum"
    batch = to_device(loader.make(loader.indices[:4], 0), device)
    halves = [{name: value[part] for name, value in batch.items()} for part in (slice(0, 2), slice(2, 4))]
    with evaluating(forward.model), torch.no_grad():
        whole, *parts = (float(forward.run_losses(each)[number]) for each in (batch, *halves))
    for total, found in ((sum(parts) / 2, False), (sum(parts), True)):
        if math.isclose(whole, total, rel_tol=CLOSE, abs_tol=CLOSE**2):
            return found
    message = "`accumulate` adds up parts of a batch, but the loss is neither the mean nor the sum over its samples"
    raise error("TN0803", message, loss.span)


def _check_shapes(
    loss: LossChoice | ExpressionChoice, outputs: list[Tensor], target: Tensor | None, span: Span | None
) -> None:
    """A target that goes elementwise with the output has its shape: torch would repeat one along the other."""
    if target is None or len(outputs) > 1 or loss.is_expression:
        return
    output = outputs[0]
    whole = loss.class_numbers and not target.is_floating_point()
    wanted = [output.shape[0], *output.shape[2:]] if whole else list(output.shape)
    if list(target.shape) == wanted:
        return
    sizes = ", ".join(["N", *map(str, wanted[1:])])
    needed = f"the net gives {_shape(output)}, so `{loss.name}` takes a target [{sizes}]"
    advice = "end the net with `squeeze(1)`" if list(output.shape) == [*target.shape, 1] else None
    if loss.class_numbers and list(target.shape) == [output.shape[0], *output.shape[2:]]:
        advice = "the numbers of classes are whole: int64; a column of a `Table` has classes by `categorical`"
    raise error("TN0703", f"{needed}; the data's is {_shape(target)}", span, help=advice)


def _shape(tensor: Tensor) -> str:
    sizes = ", ".join(["N", *map(str, tensor.shape[1:])])
    return f"{str(tensor.dtype).removeprefix('torch.')}[{sizes}]"
