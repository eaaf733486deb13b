"""Rules to a table: selectors matched, values checked, later rules in place of earlier ones, property by property."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from ..diagnostics import Diagnostic, Note, SpecError, did_you_mean, error
from ..ir.graph import Net
from ..ir.program import Property, Rule
from .arguments import Mismatch, convert, show
from .choice import OptimizerChoice, all_option_names, choose, option_parameters
from .inits import init_values
from .objections import objections
from .relations import followed, layered, parametrized
from .selectors import Matcher
from .sites import Selection
from .table import Entry, RuleTable
from .values import OF_MODULES, READERS

Reader = Callable[[Property, Any], Any]

LATER = ("shard",)
"""Properties of the language that are refused by name as yet."""

OF_TRAINING = ("schedule", "loss")
"""Properties whose values a later stage reads: `resolve` is given how."""

BY_NAME = ("init", "optimizer", *OF_TRAINING, *READERS)
"""All properties but the options of optimizers."""


def resolve(
    net: Net,
    rules: list[Rule],
    optimizer: OptimizerChoice | None = None,
    blocks: Collection[str] = (),
    readers: Mapping[str, Reader] | None = None,
    own: Mapping[str, type] | None = None,
) -> tuple[RuleTable, list[Diagnostic]]:
    """The table of a net's rules, and all that is wrong with them; a wrong property leaves what held before it.

    `blocks` names every block and net that the spec declares or imports, `own` has the classes of layers of its own
    Python; `readers` read the values of `schedule` and `loss`. Without an optimizer its options, schedules and losses
    are checked by name only and left out of the table.
    """
    cascade = Cascade(Matcher(net, blocks, own or {}), optimizer, readers or {})
    cascade.apply(rules)
    table = RuleTable(net, cascade.matcher, cascade.entries, tuple(rules), optimizer, cascade.by_rule, cascade.modules)
    return table, [*cascade.diagnostics, *objections(table, fine=not cascade.diagnostics)]


def check_names(rules: list[Rule], optimizer: OptimizerChoice | None) -> Iterator[Diagnostic]:
    """What is wrong with the names of properties alone, for rules whose net could not be elaborated."""
    several = any(each.name == "optimizer" for rule in rules for each in rule.properties)
    for property in (each for rule in rules for each in rule.properties):
        try:
            check_name(property, None if several else optimizer)
        except SpecError as problem:
            yield from problem.diagnostics


def check_name(property: Property, optimizer: OptimizerChoice | None) -> None:
    """Refuse a property that is none, is not done yet, or is no option of the optimizer."""
    if property.name in LATER:
        raise error("TN0001", f"the property `{property.name}` is not done yet", property.span)
    options = option_parameters(optimizer.cls) if optimizer else all_option_names()
    if property.name in BY_NAME or property.name in options:
        return
    if property.name in all_option_names():
        raise error(
            "TN0602", f"`{optimizer.name}` has no option `{property.name}`", property.span,
            Note("the optimizer is chosen here", optimizer.span),
            help=did_you_mean(property.name, options) or f"it has {', '.join(f'`{each}`' for each in options)}",
        )  # fmt: skip
    known = [*BY_NAME, *options, *LATER]
    help = did_you_mean(property.name, known) or (
        f"there are {', '.join(f'`{each}`' for each in BY_NAME)} and the options of optimizers"
    )
    raise error("TN0602", f"there is no property `{property.name}`", property.span, help=help)


class Cascade:
    """The rules applied so far. `optimizer` is the recipe's, which a rule may replace."""

    def __init__(self, matcher: Matcher, optimizer: OptimizerChoice | None, readers: Mapping[str, Reader]):
        self.matcher = matcher
        self.optimizer = optimizer
        self.readers = {**READERS, **readers}
        self.entries: dict[str, dict[str, Entry]] = {}
        self.modules: dict[str, dict[str, Entry]] = {}
        self.by_rule: dict[int, tuple[str, ...]] = {}
        self.diagnostics: list[Diagnostic] = []

    def apply(self, rules: Sequence[Rule]) -> None:
        """All rules in order; `optimizer` first, since options are read against the parameter's own."""
        matched = [(rule, self._match(rule)) for rule in rules]
        for first in (True, False):
            for rule, selection in matched:
                for each in rule.properties:
                    if (each.name == "optimizer") is first:
                        self._try(lambda rule=rule, each=each, found=selection: self._set(rule, each, found))

    def _match(self, rule: Rule) -> Selection:
        of_modules = any(each.name in OF_MODULES for each in rule.properties)
        selection = Selection()
        for selector in rule.selectors:
            found = self._try(lambda selector=selector: self.matcher.select_for_rule(selector, of_modules))
            selection |= found or Selection()
        self.by_rule[id(rule)] = tuple(self.matcher.sites.parameter_names(selection))
        return selection

    def _try(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except SpecError as problem:
            self.diagnostics += problem.diagnostics
        return None

    def _set(self, rule: Rule, property: Property, selection: Selection) -> None:
        check_name(property, None)
        names = self.by_rule[id(rule)]
        if property.name in OF_MODULES:
            self._enter(self.modules, rule, property, self._switched(property, selection))
        elif values := self._values(property, names, selection):
            self._enter(self.entries, rule, property, values)

    def _enter(
        self, table: dict[str, dict[str, Entry]], rule: Rule, property: Property, values: Mapping[str, Any]
    ) -> None:
        made: dict[tuple[int, int], Entry] = {}
        for name, value in values.items():
            entries = table.setdefault(name, {})
            before = entries.get(property.name)
            key = (id(value), id(before))
            if key not in made:
                made[key] = Entry(value, rule, property, before)
            entries[property.name] = made[key]

    def _values(self, property: Property, names: tuple[str, ...], selection: Selection) -> Mapping[str, Any]:
        """The value of a property for each parameter; none of what no optimizer is there to be told."""
        sites = self.matcher.sites
        if property.name == "init":
            return init_values(property, names, sites.parameters)
        if property.name == "optimizer":
            return dict.fromkeys(names, self._optimizer(property)) if self.optimizer else {}
        if property.name not in BY_NAME:
            return self._options(property, names) if self.optimizer else {}
        if property.name not in self.readers:
            return {}
        value = self.readers[property.name](property, property.evaluate({}))
        if property.name in RELATED:
            return RELATED[property.name](property, value, names, selection, self.matcher)
        return dict.fromkeys(names, value)

    def _optimizer(self, property: Property) -> OptimizerChoice:
        return choose(property.evaluate(self.optimizer.own), property.value_span)

    def _options(self, property: Property, names: tuple[str, ...]) -> Mapping[str, Any]:
        """An option, read against the optimizer of each parameter."""
        found: dict[int, Any] = {}
        values: dict[str, Any] = {}
        for name in names or (None,):
            entry = self.entries.get(name, {}).get("optimizer")
            choice = entry.value if entry else self.optimizer
            if id(choice) not in found:
                check_name(property, choice)
                found[id(choice)] = _option(property, choice)
            values[name] = found[id(choice)]
        return values if names else {}

    def _switched(self, property: Property, selection: Selection) -> Mapping[str, bool]:
        value = self.readers[property.name](property, property.evaluate({}))
        if selection.parameters and not selection.modules:
            raise error(
                "TN0604", f"`{property.name}` holds for modules, this selects parameters", property.span,
                help="name the layer, not its weight",
            )  # fmt: skip
        return dict.fromkeys(self.matcher.sites.module_paths(selection), value)


RELATED: dict[str, Callable[..., Mapping[str, Any]]] = {
    "layer_decay": layered, "follow": followed, "parametrize": parametrized,
}  # fmt: skip
"""Properties whose value for a parameter depends on its place in the net."""


def _option(property: Property, choice: OptimizerChoice) -> Any:
    value = property.evaluate(choice.own)
    try:
        return convert(option_parameters(choice.cls)[property.name].annotation, value)
    except Mismatch as expected:
        raise error(
            "TN0605", f"`{property.name}` of `{choice.name}` is {expected}, found {show(value)}", property.value_span
        ) from None
