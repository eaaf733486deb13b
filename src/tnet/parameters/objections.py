"""What is wrong with rules taken together, found before anything runs: each at the property that brought it about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from torch import nn

from ..diagnostics import Diagnostic, Note, error
from .arguments import lowered, show
from .choice import OptimizerChoice
from .groups import ParameterGroup, groups
from .table import RuleTable

MOST_TRIED = 10_000
"""Elements of a parameter that an optimizer is tried on as it is."""

OTHER = "another optimizer in `train`, and this one by a rule for what it suits: `:matrix { optimizer = … }`"

Objection = Callable[[RuleTable, list[ParameterGroup]], Iterator[Diagnostic]]


def objections(table: RuleTable, fine: bool) -> Iterator[Diagnostic]:
    """All of them. `fine` says that the rules themselves are right; only then is it worth to look at the whole."""
    found = groups(table) if table.optimizer else []
    for objection in (OPTIONS, *(WHOLE if fine else ())) if table.optimizer else ():
        yield from objection(table, found)
    yield from divided_tensors(table)


def rejected_options(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """What an optimizer's class says against the options of a group."""
    reported = set()
    for group in found:
        choice = group.optimizer
        complaint = choice.complaint(group.options)
        if not complaint:
            continue
        entries = table.entries[group.parameters[0]]
        blamed = choice.blamed(group.options, choice.own)
        entry = entries.get(blamed) or next(each for name, each in entries.items() if name in choice.own)
        if id(entry.property) not in reported:
            reported.add(id(entry.property))
            message = f"`{choice.name}` rejects `{entry.property.name} = {show(entry.value)}`"
            yield from error("TN0605", f"{message}: {lowered(complaint)}", entry.property.value_span).diagnostics


def rejected_parameters(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """An optimizer that does not take parameters of some number of dimensions, as `Muon`, or with gradients that are
    not sparse, as `SparseAdam`, or are: each is tried once for each kind of parameter."""
    for choice, members in _by_optimizer(found):
        kinds: dict[tuple[int, bool], str] = {}
        for name in (name for group in members for name in group.parameters):
            kinds.setdefault((len(table.parameters[name].shape), _is_sparse(table, name)), name)
        for (dims, sparse), name in sorted(kinds.items()):
            site = table.parameters[name]
            shape = site.shape if prod(site.shape) <= MOST_TRIED else (1,) * dims
            if complaint := choice.complaint(choice.own, shape, sparse):
                message = f"`{choice.name}` cannot train `{name}` {list(site.shape)}: {lowered(complaint)}"
                note = Note(f"`{name}` is made here", site.span)
                yield from error("TN0802", message, choice.span, note, help=OTHER).diagnostics
                break


def rejected_groups(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """An optimizer that takes one group only, as `LBFGS`."""
    for choice, members in _by_optimizer(found):
        if len(members) > 1 and (complaint := choice.complaint(choice.own, groups=2)):
            rules = [rule for group in members for rule in group.rules]
            message = f"`{choice.name}` trains all its parameters alike: {lowered(complaint)}"
            notes = [Note("the optimizer is chosen here", choice.span)]
            place = rules[-1].selectors[0].span if rules else choice.span
            yield from error("TN0803", message, place, *notes).diagnostics
        elif choice.needs_closure and (group := next((each for each in members if each.freeze), None)):
            entry = table.entries[group.parameters[0]]["freeze"]
            message = f"`{choice.name}` cannot take on parameters while it runs"
            yield from error("TN0803", message, entry.property.value_span).diagnostics


def nothing_to_train(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """All parameters frozen for good."""
    if found and not any(group.is_trained for group in found):
        entries = table.entries[found[-1].parameters[-1]]
        entry = entries.get("freeze") or entries["follow"]
        yield from error("TN0604", "every parameter is frozen, so nothing is trained", entry.property.span).diagnostics


def vain_properties(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """A property that moves or scales values, set only on parameters that are never trained."""
    never = {name for group in found if not group.is_trained for name in group.parameters}
    held: dict[int, list[str]] = {}
    properties = {}
    for name, entries in table.entries.items() if never else ():
        for property, entry in entries.items():
            if property in VAIN:
                properties[id(entry.property)] = entry.property
                held.setdefault(id(entry.property), []).append(name)
    for key, names in held.items():
        if never.issuperset(names):
            property, entries = properties[key], table.entries[names[0]]
            cause = entries.get("follow") or entries["freeze"]
            message = f"`{property.name}` is set, but `{names[0]}` is never trained"
            yield from error("TN0604", message, property.span, Note("because of this", cause.span)).diagnostics


VAIN = ("optimizer", "schedule", "loss", "layer_decay", "l1", "l2", "clip_norm", "max_norm")


def clashing_parametrizations(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """What writes to a parameter's values, where they are computed from other tensors."""
    for name, entry in table.having("parametrize").items():
        entries = table.entries[name]
        if limit := entries.get("max_norm"):
            message = f"`max_norm` scales `{name}`, whose values `parametrize` computes"
            note = Note("parametrized here", entry.span)
            yield from error("TN0604", message, limit.property.span, note).diagnostics
            return
    for name, entry in table.having("follow").items():
        mine, other = (table.value(each, "parametrize") for each in (name, entry.value.source))
        if (mine and mine.key) != (other and other.key):
            message = f"`{name}` and `{entry.value.source}`, which it follows, are not parametrized alike"
            yield from error("TN0604", message, entry.property.span).diagnostics
            return


def vectors_of_limited_norm(table: RuleTable, found: list[ParameterGroup]) -> Iterator[Diagnostic]:
    """`max_norm` of a parameter without slices."""
    reported = set()
    for name, entry in table.having("max_norm").items():
        site = table.parameters[name]
        if len(site.shape) < 2 and id(entry.property) not in reported:
            reported.add(id(entry.property))
            message = f"`max_norm` takes two dimensions, `{name}` is {list(site.shape)}"
            note = Note(f"`{name}` is made here", site.span)
            advice = "select what it suits, as with a further part `*.weight` in the selector"
            yield from error("TN0604", message, entry.property.span, note, help=advice).diagnostics


def divided_tensors(table: RuleTable) -> Iterator[Diagnostic]:
    """A tensor with several names, of which rules say different things."""
    for name, site in table.matcher.sites.parameters.items():
        if site.shares is None:
            continue
        mine, other = (table.entries.get(each, {}) for each in (name, site.shares))
        for property in dict.fromkeys([*mine, *other]):
            pair = [each.get(property) for each in (mine, other)]
            if pair[0] and pair[1] and pair[0].value == pair[1].value:
                continue
            entry = pair[0] or pair[1]
            message = f"`{site.shares}` and `{name}` are one tensor, and `{property}` differs between them"
            note = Note("made here", site.span)
            yield from error("TN0604", message, entry.property.span, note, help="select both names").diagnostics


OPTIONS: Objection = rejected_options
WHOLE: tuple[Objection, ...] = (
    rejected_parameters,
    rejected_groups,
    nothing_to_train,
    vain_properties,
    clashing_parametrizations,
    vectors_of_limited_norm,
)


def _by_optimizer(found: list[ParameterGroup]) -> Iterator[tuple[OptimizerChoice, list[ParameterGroup]]]:
    """The groups that one optimizer in memory will train, with the choice that says so."""
    members: dict[object, list[ParameterGroup]] = {}
    for group in found:
        if group.is_trained:
            members.setdefault(group.optimizer.key, []).append(group)
    return ((each[0].optimizer, each) for each in members.values())


def _is_sparse(table: RuleTable, name: str) -> bool:
    """Whether gradients of a parameter are sparse: those of an embedding made with `sparse=true`."""
    site = table.matcher.sites.modules.get(name.rpartition(".")[0])
    module = getattr(site.node, "prototype", site.node) if site else None
    return isinstance(module, nn.Embedding | nn.EmbeddingBag) and module.sparse
