"""Rules to a table: selectors matched, values checked, later rules in place of earlier ones, property by property."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from ..diagnostics import Diagnostic, Note, SpecError, did_you_mean, error
from ..ir.graph import Net
from ..ir.program import Property, Rule
from .arguments import Mismatch, convert, lowered, show
from .choice import OptimizerChoice, all_option_names, option_parameters
from .groups import groups
from .initializers import Init, read_init
from .selectors import Matcher
from .sites import Selection
from .table import Entry, RuleTable

LATER = (
    "layer_decay", "optimizer", "schedule", "loss", "freeze", "eval", "l1", "l2", "clip_norm", "max_norm",
    "parametrize", "follow", "histogram", "recompute", "shard",
)  # fmt: skip
"""Properties of the language that are refused by name as yet."""


def resolve(
    net: Net, rules: list[Rule], optimizer: OptimizerChoice | None = None, blocks: Collection[str] = ()
) -> tuple[RuleTable, list[Diagnostic]]:
    """The table of a net's rules, and all that is wrong with them; a wrong property leaves what held before it.

    `blocks` names every block and net that the spec declares or imports. Without an optimizer its options are
    checked by name only and left out of the table.
    """
    matcher = Matcher(net, blocks)
    cascade = Cascade(matcher, optimizer)
    for rule in rules:
        cascade.apply(rule)
    table = RuleTable(net, matcher, cascade.entries, tuple(rules), optimizer, cascade.by_rule)
    objections = [*rejected_options(table), *rejected_shapes(table)] if optimizer else []
    return table, [*cascade.diagnostics, *objections]


def check_names(rules: list[Rule], optimizer: OptimizerChoice | None) -> Iterator[Diagnostic]:
    """What is wrong with the names of properties alone, for rules whose net could not be elaborated."""
    for property in (each for rule in rules for each in rule.properties):
        try:
            check_name(property, optimizer)
        except SpecError as problem:
            yield from problem.diagnostics


def check_name(property: Property, optimizer: OptimizerChoice | None) -> None:
    """Refuse a property that is none, is not done yet, or is no option of the optimizer."""
    if property.name in LATER:
        raise error("TN0001", f"the property `{property.name}` is not done yet", property.span)
    options = option_parameters(optimizer.cls) if optimizer else all_option_names()
    if property.name == "init" or property.name in options:
        return
    if property.name in all_option_names():
        raise error(
            "TN0602", f"`{optimizer.name}` has no option `{property.name}`", property.span,
            Note("the optimizer is chosen here", optimizer.span),
            help=did_you_mean(property.name, options) or f"it has {', '.join(f'`{each}`' for each in options)}",
        )  # fmt: skip
    known = ["init", *options, *LATER]
    help = did_you_mean(property.name, known) or f"there are {', '.join(f'`{each}`' for each in known)}"
    raise error("TN0602", f"there is no property `{property.name}`", property.span, help=help)


class Cascade:
    """The rules applied so far."""

    def __init__(self, matcher: Matcher, optimizer: OptimizerChoice | None):
        self.matcher = matcher
        self.optimizer = optimizer
        self.entries: dict[str, dict[str, Entry]] = {}
        self.by_rule: dict[int, tuple[str, ...]] = {}
        self.diagnostics: list[Diagnostic] = []

    def apply(self, rule: Rule) -> None:
        selection = Selection()
        for selector in rule.selectors:
            selection |= self._try(lambda selector=selector: self.matcher.select_for_rule(selector)) or Selection()
        names = tuple(self.matcher.sites.parameter_names(selection))
        self.by_rule[id(rule)] = names
        for each in rule.properties:
            self._try(lambda each=each: self._set(rule, each, names))

    def _try(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except SpecError as problem:
            self.diagnostics += problem.diagnostics
        return None

    def _set(self, rule: Rule, property: Property, names: tuple[str, ...]) -> None:
        check_name(property, self.optimizer)
        if property.name == "init":
            values = self._inits(property, names)
        elif self.optimizer is None:
            return
        else:
            values = dict.fromkeys(names, self._option(property))
        made: dict[tuple[int, int], Entry] = {}
        for name, value in values.items():
            entries = self.entries.setdefault(name, {})
            before = entries.get(property.name)
            key = (id(value), id(before))
            if key not in made:
                made[key] = Entry(value, rule, property, before)
            entries[property.name] = made[key]

    def _option(self, property: Property) -> Any:
        value = property.evaluate(self.optimizer.own)
        try:
            return convert(option_parameters(self.optimizer.cls)[property.name].annotation, value)
        except Mismatch as expected:
            raise error(
                "TN0605", f"`{property.name}` of `{self.optimizer.name}` is {expected}, found {show(value)}",
                property.value_span,
            ) from None  # fmt: skip

    def _inits(self, property: Property, names: tuple[str, ...]) -> Mapping[str, Init]:
        """The value of `init` for each parameter; it is worked out once for each shape, as it may depend on it."""
        shapes: dict[tuple[int, ...], list[str]] = {}
        for name in names:
            shapes.setdefault(tuple(self.matcher.sites.parameters[name].shape), []).append(name)
        shared = None if _mentions_shape(property) else _read_init(property, {})
        found: dict[str, Init] = {}
        for shape, members in shapes.items():
            init = shared or self._init_for(property, shape, members[0])
            if complaint := init.complaint(shape):
                site = self.matcher.sites.parameters[members[0]]
                raise error(
                    "TN0604", f"`{init}` cannot initialise `{members[0]}` {list(shape)}: {complaint}",
                    property.value_span, Note(f"`{members[0]}` is made here", site.span),
                    help="select what it suits, as with a further part `*.weight` in the selector",
                )  # fmt: skip
            found.update(dict.fromkeys(members, init))
        return found

    def _init_for(self, property: Property, shape: tuple[int, ...], name: str) -> Init:
        try:
            return _read_init(property, shape_names(shape))
        except SpecError:
            if len(shape) < 2 and re.search(r"\bfan_(in|out)\b", property.value_span.text):
                raise error(
                    "TN0604", f"`{name}` {list(shape)} has no `fan_in` or `fan_out`, which need two dimensions",
                    property.value_span,
                ) from None  # fmt: skip
            raise


def _read_init(property: Property, names: Mapping[str, Any]) -> Init:
    return read_init(property.evaluate(names), property.value_span)


def _mentions_shape(property: Property) -> bool:
    return bool(re.search(r"\b(fan_in|fan_out|shape)\b", property.value_span.text))


def shape_names(shape: tuple[int, ...]) -> dict[str, Any]:
    """What is in scope in `init`: `shape`, and `fan_in` and `fan_out` as torch.nn.init counts them (from 2 dims on)."""
    if len(shape) < 2:
        return {"shape": list(shape)}
    field = math.prod(shape[2:])
    return {"shape": list(shape), "fan_in": shape[1] * field, "fan_out": shape[0] * field}


def rejected_options(table: RuleTable) -> Iterator[Diagnostic]:
    """What the optimizer's class says against the options of a group, at the property that brought it about."""
    own, reported = table.optimizer.own, set()
    for group in groups(table):
        complaint = table.optimizer.complaint(group.options)
        if not complaint:
            continue
        entries = table.entries[group.parameters[0]]
        blamed = table.optimizer.blamed(group.options, own)
        entry = entries[blamed] if blamed else next(each for name, each in entries.items() if name in own)
        if id(entry.property) not in reported:
            reported.add(id(entry.property))
            message = f"`{table.optimizer.name}` rejects `{entry.property.name} = {show(entry.value)}`"
            yield from error("TN0605", f"{message}: {lowered(complaint)}", entry.property.value_span).diagnostics


def rejected_shapes(table: RuleTable) -> Iterator[Diagnostic]:
    """An optimizer that does not take parameters of some number of dimensions, as `Muon` does."""
    optimizer = table.optimizer
    by_dims = {len(site.shape): (name, site) for name, site in reversed(table.parameters.items())}
    for _, (name, site) in sorted(by_dims.items()):
        if complaint := optimizer.complaint(optimizer.own, site.shape):
            message = f"`{optimizer.name}` cannot train `{name}` {list(site.shape)}: {lowered(complaint)}"
            yield from error("TN0802", message, optimizer.span).diagnostics
            return
