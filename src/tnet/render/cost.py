"""What a step of training costs: memory and operations, found without computing anything.

The net runs once, forward and backward, over fake tensors, which have a device, a shape and a storage but no values
(https://docs.pytorch.org/docs/stable/torch.compiler_fake_tensor.html). So activations are what autograd keeps of a
batch on that device, as `torch.autograd.graph.saved_tensors_hooks` counts them in a real step; what `torch.compile`
saves of them is not taken off. Operations are those that `torch.utils.flop_counter` has formulas for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from ..catalog.models import prototype
from ..ir.graph import Net
from ..ir.types import TensorType
from ..parameters import ParameterGroup, RuleTable, groups
from ..shapes import at_hints
from ..training.compiled import Forward
from ..training.loss_expressions import usual_fields
from ..training.losses import possible_targets
from ..training.outputs import outputs_of
from ..training.recipe import Recipe
from ..training.settings import CompileChoice
from .sizes import example_inputs, sizes

Fields = Mapping[str, Tensor]


@dataclass(frozen=True)
class Cost:
    """Bytes and floating-point operations of an optimizer step; None for what cannot be told, and `missing` says why.

    `average` is the copy that `ema` keeps. `activations` are those of one part of a batch, where `accumulate` makes
    several of it, at the inputs' sizes in `inputs`.
    """

    parameters: int
    gradients: int
    optimizer: int | None
    average: int
    activations: int | None
    flops: int | None
    inputs: str
    missing: str | None = None

    @property
    def total(self) -> int | None:
        """All bytes together."""
        parts = (self.parameters, self.gradients, self.optimizer, self.average, self.activations)
        return None if None in parts else sum(parts)


def cost(net: Net, cls: type[nn.Module], recipe: Recipe, table: RuleTable, samples: int | None = None) -> Cost:
    """The cost of a full batch of a recipe, or of all `samples` where there are fewer."""
    found = groups(table)
    trained = [name for group in found if group.is_trained for name in group.parameters]
    own = _bytes(table, table.parameters)
    batch = min(recipe.batch, samples or recipe.batch) // recipe.accumulate
    at = sizes(net) | {name: batch for name in _batch_sizes(net)}
    fixed = Cost(
        own, _bytes(table, trained), _optimizer_state(found, table), own if recipe.ema else 0, None, None,
        _shown(net, at),
    )  # fmt: skip
    if net.random_repeats:
        return replace(fixed, missing="the depth of the net is drawn at each pass")
    try:
        activations, flops = _run(net, cls, recipe, set(trained), at)
    except (RuntimeError, NotImplementedError, TypeError, ValueError, AssertionError) as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        return replace(fixed, missing=f"the net does not run without values: {reason}")
    return replace(fixed, activations=activations, flops=flops * recipe.accumulate)


def _batch_sizes(net: Net) -> Iterator[str]:
    """The names of the sizes that are the number of samples."""
    for value in net.root.inputs[: net.root.own_inputs]:
        if isinstance(value.type, TensorType) and value.type.dims and not isinstance(value.type.dims[0], int):
            yield str(value.type.dims[0])


def _shown(net: Net, at: Mapping[str, int]) -> str:
    """`image: float32[64, 1, 8, 8]`"""
    kinds = [(each.name, each.type) for each in net.root.inputs[: net.root.own_inputs]]
    return ", ".join(
        f"{name}: {kind.dtype}{[at_hints(dim, at) for dim in kind.dims]}"
        for name, kind in kinds
        if isinstance(kind, TensorType)
    )


def _bytes(table: RuleTable, names: Iterable[str]) -> int:
    sites = (table.parameters[name] for name in names)
    return sum(prod(site.shape) * getattr(torch, site.dtype).itemsize for site in sites)


def _optimizer_state(found: Sequence[ParameterGroup], table: RuleTable) -> int | None:
    """What the optimizers keep after a step, by taking one over tensors without values; None where that fails."""
    known: dict[Any, int | None] = {}
    total = 0
    for group in found:
        for name in group.parameters if group.is_trained else ():
            site = table.parameters[name]
            key = (id(group), tuple(site.shape), site.dtype)
            if key not in known:
                known[key] = _state_of_one(group, site.shape, getattr(torch, site.dtype))
            if known[key] is None:
                return None
            total += known[key]
    return total


def _state_of_one(group: ParameterGroup, shape: Sequence[int], dtype: torch.dtype) -> int | None:
    parameter = nn.Parameter(torch.empty(tuple(shape), dtype=dtype, device="meta"))
    parameter.grad = torch.empty_like(parameter)
    options = {name: value for name, value in group.options.items() if name not in ("fused", "foreach")}
    optimizer = group.optimizer.cls([parameter], **options)
    if group.optimizer.needs_closure:
        return None
    try:
        optimizer.step()
    except (RuntimeError, NotImplementedError):  # one that looks at values, which it does once its state is there
        if not optimizer.state[parameter]:
            return None
    kept = (each for each in optimizer.state[parameter].values() if isinstance(each, Tensor))
    return sum(each.numel() * each.element_size() for each in kept)


def _run(net: Net, cls: type[nn.Module], recipe: Recipe, trained: set[str], at: Mapping[str, int]) -> tuple[int, int]:
    """The bytes of activations and the operations of one forward and backward pass."""
    device = torch.device(recipe.device if recipe.device != "auto" else _accelerator())
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    model = prototype(cls).model.train()
    for name, parameter in model.named_parameters(remove_duplicate=False):
        parameter.requires_grad_(name in trained)
    with mode:
        model.to_empty(device=device)
        inputs = example_inputs(net, str(device), dict(at))
    names = tuple(each.name for each in net.root.inputs[: net.root.own_inputs])
    forward = Forward(
        model, recipe.loss.build(device), names, 0, CompileChoice(False), recipe.precision, device, print
    )  # fmt: skip
    batch = _batch(forward, dict(zip(names, inputs, strict=True)), recipe, net, at, mode)
    saved = SavedBytes(model)
    flops = FlopCounterMode(display=False)
    with mode, flops, saved_tensors_hooks(saved.pack, lambda tensor: tensor):
        forward.run_loss(batch).backward()
    return saved.total, flops.get_total_flops()


def _accelerator() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


class SavedBytes:
    """Counts the storages that autograd keeps, each once, without those of the model's own tensors."""

    def __init__(self, model: nn.Module):
        own = (*model.parameters(), *model.buffers())
        self.own = {tensor.untyped_storage()._cdata for tensor in own}
        self.kept: dict[int, torch.UntypedStorage] = {}

    def pack(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self.own:
            self.kept[storage._cdata] = storage
        return tensor

    @property
    def total(self) -> int:
        return sum(storage.nbytes() for storage in self.kept.values())


def _batch(
    forward: Forward, inputs: Fields, recipe: Recipe, net: Net, at: Mapping[str, int], mode: FakeTensorMode
) -> Fields:
    """A batch with fields that the loss takes: the first of those that its fields may usually be.

    An expression is made into a module here, at its first batch, outside of the mode, which would disturb that.
    """
    with mode, torch.no_grad():
        outputs = forward.model(*inputs.values())
        targets = _targets(recipe, net, outputs_of(outputs)[0], at)
    problem: Exception = RuntimeError("the loss takes none of the usual targets")
    for target in targets:
        batch = {**{name: target for name in recipe.loss.fields}, **inputs}
        try:
            with torch.no_grad():
                forward.loss_function(outputs, batch)
            return batch
        except Exception as found:  # of torch, of the loss's own compilation: the next target may do
            problem = found
    raise RuntimeError(str(problem))


def _targets(recipe: Recipe, net: Net, output: Tensor, at: Mapping[str, int]) -> list[Tensor]:
    """What a field of a sample that is no input of the net may be, in the active mode."""
    if not recipe.loss.is_expression:
        return [each.to(output.device) for each in possible_targets(recipe.loss, output)]
    kinds = [([at_hints(dim, at) for dim in kind.dims], getattr(torch, kind.dtype)) for kind in usual_fields(net)]
    return [torch.zeros(shape, dtype=dtype, device=output.device) for shape, dtype in kinds]
