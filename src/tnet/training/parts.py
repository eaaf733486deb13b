"""What a run is put together from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..catalog.models import without_weights
from ..data.loaders import Loaders
from ..diagnostics import error
from ..ir.graph import Net
from ..ir.values import Duration
from ..source import Span
from .checks import check_targets, is_sum, try_batch
from .choices import CompileChoice
from .compiled import Forward
from .distill import DistilledLoss, Teaching, check_teacher, teacher_of
from .evaluate import PAYS_FROM, Evaluator, to_device
from .loop import Every
from .loss_modules import NAME, attached, own_module
from .metric_check import check_metrics
from .mixing import MixedLoss, check_fields
from .outputs import output_dims
from .part_weights import weighed
from .profiling import check_length
from .recipe import Recipe
from .rules.players import losses_of, names_of
from .scaling import Scaling, require_gpu
from .state import State
from .swa import unaveraged
from .weights import load_matching
from .world import World, single

if TYPE_CHECKING:
    from ..spec import Spec
    from .resuming import Earlier

EPOCH = Duration(1, "epochs")


@dataclass
class Parts:
    """Data, model, optimizer and schedule of a run, which fit each other; `notes` are lines to be printed."""

    spec: Spec
    recipe: Recipe
    world: World
    loaders: Loaders
    state: State
    forward: Forward
    notes: list[str] = field(default_factory=list)
    teaching: Teaching | None = None
    scaling: Scaling | None = None

    @property
    def per_epoch(self) -> int:
        """Optimizer steps of an epoch."""
        return len(self.loaders.train)

    @property
    def total_steps(self) -> int:
        return self.recipe.total_steps(self.per_epoch)

    def every(self, interval: Duration) -> Every:
        return Every(interval, self.per_epoch, self.total_steps)

    def evaluator(self) -> Evaluator:
        names = class_names(self.spec.net, self.recipe, self.loaders)
        forward = self.forward
        if self.state.average is not None:
            choice = replace(self.recipe.compile, enabled=forward.compiles)
            forward = forward_of(self.spec, self.state.average, self.world, forward.size, choice, forward.say)
        return Evaluator(forward, self.recipe.metrics, self.world.device, names, self._compile_pays())

    def raw_evaluator(self) -> Evaluator | None:
        """Of the weights themselves, where `evaluator` is of their average; it gives numbers only."""
        if self.state.average is None:
            return None
        numbers = [metric for metric in self.recipe.metrics if metric.is_number]
        return Evaluator(self.forward, numbers, self.world.device, compiled=self._compile_pays())

    def _compile_pays(self) -> bool:
        interval = self.recipe.evaluate or EPOCH
        steps = interval.value * (self.per_epoch if interval.unit == "epochs" else 1)
        return len(self.loaders.val or ()) * self.total_steps / steps >= PAYS_FROM


def assemble(spec: Spec, data: Any, say: Callable[[str], None], earlier: Earlier | None = None) -> Parts:
    """Read the data and build all else; `say` is told what the user should know. Raises SpecError.

    With an `earlier` run its split and statistics of the data hold, and weights are not read from where it once began.
    """
    recipe = spec.recipe
    world = single(recipe.device, recipe.spans.get("device"))
    require_gpu(recipe.precision, world.device, recipe.spans.get("precision"))
    known = {"statistics": earlier.statistics, "split": earlier.split} if earlier else {}
    loaders = spec.data_recipe.load(recipe.seed, recipe.batch, data=data, device=str(world.device), **known)
    notes = list(loaders.notes)
    restored = earlier is not None and earlier.checkpoint is not None
    with without_weights() if restored else nullcontext():
        model = spec.model()
    if recipe.sync_batchnorm:
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    if own_module(recipe.losses) is not None:
        model.add_module(NAME, spec.loss())
    if recipe.weights and not restored:
        notes += load_matching(model, recipe.weights, spec.source_file, recipe.spans.get("weights"))
    model.to(world.device, memory_format=torch.channels_last if recipe.channels_last else torch.preserve_format)
    optimizer = spec.optimizer(model)
    schedule = spec.scheduler(optimizer, len(loaders.train))
    average = copy.deepcopy(model) if recipe.ema or recipe.swa else None
    still = [model.get_submodule(path) for path in spec.table.switched("eval")]
    state = State(model, optimizer, schedule, recipe.seed, average=average, still=still)
    size = min(recipe.batch, loaders.train.count) // recipe.accumulate
    forward = forward_of(spec, model, world, size, recipe.compile, say)
    scaling = Scaling(world.device) if recipe.precision == "fp16" else None
    parts = Parts(spec, recipe, world, loaders, state, forward, notes, scaling=scaling)
    if recipe.distill:
        teacher = teacher_of(recipe.distill, spec, recipe.spans.get("distill"), world.device)
        parts.teaching = Teaching(teacher, forward.inputs)
    if recipe.profile:
        check_length(recipe.profile, parts.total_steps, recipe.spans.get("profile"))
    if recipe.swa:
        notes += unaveraged(recipe.swa.first(parts.total_steps), parts.every(recipe.swa.every), parts.total_steps)
    check_parts(parts, spec.data_recipe.spans.get("train") if data is None else None)
    return parts


def forward_of(
    spec: Spec, model: nn.Module, world: World, size: int, compile: CompileChoice, say: Callable[[str], None]
) -> Forward:
    inputs = tuple(value.name for value in spec.data_recipe.inputs)
    recipe = spec.recipe
    choices = [*recipe.losses.values(), *losses_of(spec.table)]
    built = attached(model, recipe.losses, world.device)
    built += [each.build(world.device) for each in losses_of(spec.table)]
    if recipe.accumulate > 1:
        built = weighed(built, choices, world.device)
    if recipe.mixup or recipe.cutmix:
        fields = [[name for name in each.fields if name not in inputs] for each in choices]
        built = [MixedLoss(*each) for each in zip(built, fields, strict=True)]
    if recipe.distill:
        built[0] = DistilledLoss(built[0], recipe.distill.temperature, recipe.distill.weight)
    names = tuple(recipe.losses), names_of(spec.table)
    return Forward(model, built, inputs, size, compile, recipe.precision, world.device, say, *names)


def class_names(net: Net, recipe: Recipe, loaders: Loaders) -> list[str]:
    """The names of the classes, as many as the net gives; none where accuracy by class makes no sense."""
    dims = output_dims(net)
    by_class = recipe.loss.class_numbers and len(dims) == 2 and isinstance(dims[1], int)
    if not by_class or loaders.train.labels is None:
        return []
    known = [str(each) for each in loaders.classes or ()]
    return known if len(known) == dims[1] else [str(number) for number in range(dims[1])]


def check_parts(parts: Parts, span: Span | None) -> None:
    """Raises SpecError (TN0703), at the data's place, where data, net and loss do not fit each other."""
    recipe = parts.recipe
    if parts.teaching:
        first = parts.loaders.train.make(parts.loaders.train.indices[:2], 0)
        batch = to_device(first, parts.world.device)
        check_teacher(parts.teaching, parts.state.model, batch, recipe.spans.get("distill"))
    losses = [*recipe.losses.values(), *losses_of(parts.spec.table)]
    for loss in losses:
        check_targets(loss, parts.spec.net, parts.loaders, span)
    for loader in parts.loaders.parts.values():
        for number, loss in enumerate(losses):
            batch = try_batch(parts.forward, loss, loader, parts.world.device, span, number)
            for name in ("mixup", "cutmix"):
                if getattr(recipe, name):
                    check_fields(name, batch, loss, parts.forward.inputs, recipe.spans.get(name))
    check_metrics(recipe, parts.forward, parts.loaders)


def adds_up(parts: Parts) -> bool:
    """Whether losses are sums over samples and not means, for a batch that is computed in parts. Raises SpecError
    (TN0803) where they are neither, or not all the same."""
    losses = [*parts.recipe.losses.values(), *losses_of(parts.spec.table)]
    loader, device = parts.loaders.train, parts.world.device
    kinds = [is_sum(parts.forward, loss, loader, device, number) for number, loss in enumerate(losses)]
    if differing := next((loss for loss, kind in zip(losses, kinds, strict=True) if kind != kinds[0]), None):
        message = "`accumulate` adds up parts of a batch, but of the losses one is a mean and one a sum"
        raise error("TN0803", message, differing.span)
    return kinds[0]
