"""The tricks of a recipe: hooks that take part in each step, none where none is set."""

from __future__ import annotations

from .channels_last import ChannelsLast
from .clip_norm import ClipNorm
from .clip_value import ClipValue
from .cutmix import Cutmix
from .ema import Ema
from .hooks import Hook
from .mixing import Mixing
from .mixup import Mixup
from .on_nan import SkipStep
from .part_weights import PartWeights
from .parts import Parts
from .rules.players import losses_of
from .swa import Swa


def tricks_of(parts: Parts) -> list[Hook]:
    """In the order in which they act at each point of a step."""
    recipe, state = parts.recipe, parts.state
    tricks: list[Hook] = []
    if mixers := [
        mixer for mixer in (recipe.mixup and Mixup(recipe.mixup), recipe.cutmix and Cutmix(recipe.cutmix)) if mixer
    ]:
        inputs = parts.forward.inputs
        losses = [*recipe.losses.values(), *losses_of(parts.spec.table)]
        fields = dict.fromkeys(name for each in losses for name in each.fields if name not in inputs)
        tricks.append(Mixing(mixers, inputs, list(fields), parts.world))
    if recipe.accumulate > 1:
        tricks.append(PartWeights(parts.forward.functions))
    if recipe.channels_last:
        tricks.append(ChannelsLast(parts.forward.inputs))
    if parts.teaching:
        tricks.append(parts.teaching)
    if recipe.clip_norm:
        tricks.append(ClipNorm(recipe.clip_norm))
    if recipe.clip_value:
        tricks.append(ClipValue(recipe.clip_value))
    if recipe.on_nan == "skip":
        tricks.append(skip := SkipStep(parts.forward.say))
        state.register("on_nan", skip)
    if recipe.ema:
        tricks.append(Ema(recipe.ema, state.average, state.model))
    if recipe.swa:
        first = recipe.swa.first(parts.total_steps)
        swa = Swa(first, parts.every(recipe.swa.every), parts.loaders.train, parts.forward.inputs, parts.world)
        state.register("swa", swa)
        tricks.append(swa)
    return tricks
