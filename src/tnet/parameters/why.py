"""Where each property of a parameter comes from: the rule and line that set it, and what that overrode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..diagnostics import error
from ..ir.graph import Model
from ..ir.sites import ParameterSite
from ..ir.values import Call, Duration
from ..source import Source, Span
from .arguments import show
from .cascade import OF_TRAINING
from .initializers import Init
from .selected import selection
from .table import Entry, RuleTable

TRAIN = "train"
"""What set a value that the `train` section says."""


@dataclass(frozen=True)
class Reason:
    """A value of a property, what set it (a rule, a call, a default) and where; `overrode` is what held before. A name
    that is no text is a `Call` without arguments."""

    value: Any
    by: str
    span: Span | None = None
    overrode: Reason | None = None

    def history(self) -> Iterator[Reason]:
        """This reason and those that it overrode, latest first."""
        reason: Reason | None = self
        while reason:
            yield reason
            reason = reason.overrode

    @property
    def shown(self) -> str:
        """The value as a spec writes it; numbers without the last digits' rounding."""
        return f"{self.value:.12g}" if isinstance(self.value, float) else show(self.value)


@dataclass(frozen=True)
class Provenance:
    """Every property of one parameter, with its reason. `gradient` is when the parameter gets one."""

    site: ParameterSite
    gradient: str
    reasons: Mapping[str, Reason]


def why(table: RuleTable, text: str, schedule: Any = None, schedule_span: Span | None = None) -> list[Provenance]:
    """The provenance of the parameters that `text` means: a parameter's name, or selectors with commas between them.

    `schedule` is the recipe's. Raises SpecError (TN0601) for what means nothing, with the nearest name.
    """
    if text in table.parameters:
        names = [text]
    else:
        names = list(table.matcher.sites.parameter_names(selection(table.matcher, text)))
    if not names:
        raise error("TN0601", f"no parameter meets `{text}`", Source("<selector>", text).span(0, len(text)))
    common = {"schedule": Reason(schedule, TRAIN, schedule_span)} if schedule is not None else {}
    return [Provenance(table.parameters[name], _gradient(table, name), _reasons(table, name, common)) for name in names]


def _gradient(table: RuleTable, name: str) -> str:
    frozen = table.freeze(name)
    if isinstance(frozen, Duration):
        return f"after {frozen}"
    return "never" if frozen else "yes"


def _reasons(table: RuleTable, name: str, common: Mapping[str, Reason]) -> dict[str, Reason]:
    entries = table.entries.get(name, {})
    reasons = {"init": _init(table.parameters[name], entries.get("init"))}
    choice, chosen = table.choice(name), entries.get("optimizer")
    if choice:
        recipe = table.optimizer
        base = Reason(Call(recipe.name), TRAIN, recipe.span) if recipe else None
        reasons["optimizer"] = _by_rules(chosen, base, lambda entry: Call(entry.value.name))
        by = str(chosen.rule) if chosen else TRAIN
        for option, own in choice.own.items():
            place = choice.spans.get(option)
            base = Reason(own, by if option in choice.options else f"{choice.name}'s default", place)
            reasons[option] = _by_rules(entries.get(option), base)
        decay = entries.get("layer_decay")
        if decay and decay.value.power and "lr" in reasons:
            reasons["lr"] = Reason(table.options(name)["lr"], str(decay.rule), decay.span, reasons["lr"])
    for property in ("schedule", *entries):
        if property not in reasons and (property in entries or property in common):
            value_of = _as_written if property in OF_TRAINING else _evaluated
            reasons[property] = _by_rules(entries.get(property), common.get(property), value_of)
    path = name.rpartition(".")[0]
    return reasons | {property: _by_rules(entry, None) for property, entry in table.modules.get(path, {}).items()}


def _evaluated(entry: Entry) -> Any:
    return entry.value


def _as_written(entry: Entry) -> Any:
    return Call(" ".join(entry.property.value_span.text.split()))


def _by_rules(entry: Entry | None, base: Reason | None, value_of: Callable[[Entry], Any] = _evaluated) -> Reason:
    """The reason of the entry that holds, over those of the entries before it and of `base`."""
    reason = base
    for each in reversed(list(entry.history()) if entry else []):
        reason = Reason(value_of(each), str(each.rule), each.span, reason)
    return reason


def _init(site: ParameterSite, entry: Entry | None) -> Reason:
    """The first values: no rule touches those of pretrained weights."""
    base = _own_init(site)
    pretrained = site.layer.pretrained if isinstance(site.layer, Model) else frozenset()
    if site.name.removeprefix(f"{site.layer_path}.") in pretrained:
        ruled = _by_rules(entry, None)
        return Reason(Call("pretrained"), f"weights of {site.layer.class_name}", site.span, ruled)
    return _by_rules(entry, base)


def _own_init(site: ParameterSite) -> Reason:
    if site.layer is not None:
        return Reason(Call("default"), f"{site.layer.class_name}'s own")
    init, by = site.declared.init, f"parameter {site.declared.name}"
    value = Init(init.name, dict(init.kwargs)) if init else Call("computed")
    return Reason(value, by, site.span)
