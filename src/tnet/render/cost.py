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
from torch._subclasses.fake_tensor import FakeTensorMode, unset_fake_temporarily
from torch.autograd.graph import saved_tensors_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode

from ..catalog.models import prototype
from ..ir.graph import Net
from ..ir.sites import ParameterSite
from ..ir.types import TensorType
from ..parameters import ParameterGroup, RuleTable, groups
from ..shapes import at_hints
from ..training.choices import CompileChoice
from ..training.compiled import Forward
from ..training.dtypes import in_default
from ..training.loss_expressions import usual_fields
from ..training.loss_modules import NAME, attached, own_module
from ..training.losses import build, possible_targets
from ..training.outputs import outputs_of
from ..training.recipe import Recipe
from ..training.rules.players import Player, backward, losses_of, players_of
from ..training.rules.recomputing import recomputing
from .sizes import example_inputs, sizes

Fields = Mapping[str, Tensor]


@dataclass(frozen=True)
class Cost:
    """Bytes and floating-point operations of an optimizer step; None for what cannot be told, and `missing` says why.

    `average` is the copy that `ema` or `swa` keeps. `activations` are those of one part of a batch, where `accumulate`
    makes several of it, at the inputs' sizes in `inputs`.
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
        own, _bytes(table, trained), _optimizer_state(found, table), own if recipe.ema or recipe.swa else 0, None, None,
        _shown(net, at),
    )  # fmt: skip
    if net.random_repeats:
        return replace(fixed, missing="the depth of the net is drawn at each pass")
    try:
        activations, flops = _run(net, cls, recipe, table, at)
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
    return sum(prod(site.shape) * _dtype(site).itemsize for site in sites)


def _dtype(site: ParameterSite) -> torch.dtype:
    return in_default(getattr(torch, site.dtype))


def _optimizer_state(found: Sequence[ParameterGroup], table: RuleTable) -> int | None:
    """What the optimizers keep after a step, by taking one over tensors without values; None where that fails."""
    known: dict[Any, int | None] = {}
    total = 0
    for group in found:
        for name in group.parameters if group.is_trained else ():
            site = table.parameters[name]
            key = (id(group), tuple(site.shape), site.dtype)
            if key not in known:
                known[key] = _state_of_one(group, site.shape, _dtype(site))
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


def _run(net: Net, cls: type[nn.Module], recipe: Recipe, table: RuleTable, at: Mapping[str, int]) -> tuple[int, int]:
    """The bytes of activations and the operations of one forward and backward pass."""
    device = torch.device(recipe.device if recipe.device != "auto" else _accelerator())
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    model = _model(cls, table)
    with mode:
        model.to_empty(device=device)
        given = example_inputs(net, str(device), dict(at))
        inputs = tree_map_only(Tensor, lambda each: each.to(in_default(each.dtype)), given)
    names = tuple(each.name for each in net.root.inputs[: net.root.own_inputs])
    losses = [*recipe.losses.values(), *losses_of(table)]
    if own_module(recipe.losses) is not None:
        model.add_module(NAME, build(recipe.losses, device))
    built = [*attached(model, recipe.losses, device), *(each.build(device) for each in losses_of(table))]
    forward = Forward(model, built, names, 0, CompileChoice(False), recipe.precision, device, print)
    batch = _batch(forward, dict(zip(names, inputs, strict=True)), losses, net, at, mode)
    recomputed = [model.get_submodule(path) for path in table.outermost("recompute")]
    players = players_of(table, model, len(recipe.losses)) or [Player((0,))]
    saved, flops = SavedBytes(model), FlopCounterMode(display=False)
    with mode, flops, KernelBuffers(), recomputing(recomputed):
        with saved_tensors_hooks(saved.pack, lambda tensor: tensor):
            found = forward.run_losses(batch)
        backward(found, players)
    return saved.total, flops.get_total_flops()


def _model(cls: type[nn.Module], table: RuleTable) -> nn.Module:
    """A model without values, in the mode and with the gradients that the rules say."""
    model = prototype(cls).model.train()
    for path in table.switched("eval"):
        model.get_submodule(path).eval()
    for name, parameter in model.named_parameters(remove_duplicate=False):
        parameter.requires_grad_(table.freeze(name) is not True)
    return model


def _accelerator() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


class KernelBuffers(TorchDispatchMode):
    """Gives what some kernels keep for the backward pass the size that it has: their fake versions leave it empty, so
    these kernels run on zeros."""

    KERNELS = (torch.ops.aten.mkldnn_rnn_layer.default, torch.ops.aten._cudnn_rnn.default)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func not in self.KERNELS:
            return found
        with unset_fake_temporarily():
            true = func(*tree_map_only(Tensor, _zeros, args), **(kwargs or {}))
            sizes = [each.shape for each in true]
        pairs = zip(found, sizes, strict=True)
        return tuple(each if each.shape == size else each.new_empty(size) for each, size in pairs)


def _zeros(tensor: Tensor) -> Tensor:
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device=tensor.device)


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
    forward: Forward, inputs: Fields, losses: Sequence[Any], net: Net, at: Mapping[str, int], mode: FakeTensorMode
) -> Fields:
    """A batch with fields that the loss takes: the first of those that its fields may usually be.

    An expression is made into a module here, at its first batch, outside of the mode, which would disturb that.
    """
    with mode, torch.no_grad():
        outputs = forward.model(*inputs.values())
        targets = _targets(losses[0], net, outputs_of(outputs)[0], at)
    fields = [name for each in losses for name in each.fields]
    problem: Exception = RuntimeError("the loss takes none of the usual targets")
    for target in targets:
        batch = {**dict.fromkeys(fields, target), **inputs}
        try:
            with torch.no_grad():
                for loss in forward.functions:
                    loss(outputs, batch)
            return batch
        except Exception as found:  # of torch, of the loss's own compilation: the next target may do
            problem = found
    raise RuntimeError(str(problem))


def _targets(loss: Any, net: Net, output: Tensor, at: Mapping[str, int]) -> list[Tensor]:
    """What a field of a sample that is no input of the net may be, in the active mode."""
    if not loss.is_expression:
        return [each.to(output.device) for each in possible_targets(loss, output)]
    kinds = [
        ([at_hints(dim, at) for dim in kind.dims], in_default(getattr(torch, kind.dtype))) for kind in usual_fields(net)
    ]
    return [torch.zeros(shape, dtype=dtype, device=output.device) for shape, dtype in kinds]
