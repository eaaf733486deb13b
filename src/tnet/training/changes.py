"""What is different between a run and the spec that it is to go on with, and what becomes of each difference."""

from __future__ import annotations

import ast as python
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..format.proof import first_difference
from ..parameters.arguments import show
from ..syntax import ast

if TYPE_CHECKING:
    from ..parameters import RuleTable
    from ..spec import Spec

EFFECT = "takes effect"
KEPT = {
    "train.seed": "has no effect: a run keeps the seed that it began with",
    "train.weights": "has no effect: the weights are the checkpoint's",
    "init": "has no effect: the weights are the checkpoint's",
}
"""Differences that a run goes on without."""
FIXED = {
    "train.batch": "cannot change: the run counts steps of this many samples",
    "data.train": "cannot change: the run has a place in the order of these samples",
    "data.split": "cannot change: samples for evaluation would be trained on",
    "data.split_seed": "cannot change: samples for evaluation would be trained on",
    "recipe": "cannot change: start a new run",
    "net": "cannot change: start a new run",
    "parametrize": "cannot change: the weights are saved in another form",
}
"""Differences that a run cannot go on with."""
RATES = ("train.epochs", "train.steps", "train.optimizer", "train.schedule", "train.schedule_per")
NO_RATES = ("init", "eval", "recompute", "histogram", "max_norm", "l1", "l2", "clip_norm")
SHOWN = 4  # names or lines of a difference that are shown


@dataclass(frozen=True)
class Change:
    """One difference; `rates` says that it may change learning rates over time."""

    what: str
    before: str
    after: str
    effect: str = EFFECT
    possible: bool = True
    rates: bool = False

    def __str__(self) -> str:
        values = f" {self.before} → {self.after}" if self.before or self.after else ""
        return f"`{self.what}`{values}: {self.effect}"


def changes(before: Spec, after: Spec) -> list[Change]:
    """All differences that training may notice, in the order of a spec."""
    found = [*_pieces(before, after), *_net(before, after), *rule_changes(before.table, after.table)]
    for section, old, new in (
        ("data", _data_settings(before), _data_settings(after)),
        ("train", before.recipe.given, after.recipe.given),
    ):
        found += [_change(f"{section}.{name}", *values) for name, *values in _differing(old, new)]
    return found


def _change(what: str, before: Any, after: Any) -> Change:
    effect = KEPT.get(what) or FIXED.get(what) or EFFECT
    return Change(what, _written(before), _written(after), effect, what not in FIXED, what in RATES)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _written(value: Any) -> str:
    """A setting of `Recipe.given` as a spec writes it: calls are text there already."""
    return value if isinstance(value, str) else show(value)


def _data_settings(spec: Spec) -> dict[str, Any]:
    recipe = spec.data_recipe
    stages = {each.name: each.transforms for each in (recipe.augment, recipe.prepare, recipe.transform)}
    return {**recipe.given, **{name: "; ".join(map(str, steps)) for name, steps in stages.items() if steps}}


def _net(before: Spec, after: Spec) -> Iterator[Change]:
    if before.net.name != after.net.name or before.recipe_name != after.recipe_name:
        what = "net" if before.net.name != after.net.name else "recipe"
        names = (before.net.name, after.net.name) if what == "net" else (before.recipe_name, after.recipe_name)
        yield _change(what, *map(str, names))
    elif (old := _code(before.source())) != (new := _code(after.source())):
        lines = difflib.unified_diff(old, new, lineterm="", n=0)
        told = [f"{each[0]} {each[1:].strip()}" for each in lines if each[0] in "+-" and each[:3] not in ("+++", "---")]
        more = f"; {len(told) - SHOWN} lines more" if len(told) > SHOWN else ""
        yield Change(f"net {after.net.name}", "", "", f"{EFFECT} ({'; '.join(told[:SHOWN])}{more})")


def _code(source: str) -> list[str]:
    """The lines of generated source without what is for readers: docstrings and comments."""
    tree = python.parse(source)
    for node in python.walk(tree):
        if isinstance(node, python.Module | python.ClassDef | python.FunctionDef) and python.get_docstring(node):
            node.body = node.body[1:] or [python.Pass()]
    return python.unparse(tree).splitlines()


def rule_changes(old: RuleTable, new: RuleTable) -> Iterator[Change]:
    """Properties of parameters and modules that both nets have, those that change alike together."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in (*new.parameters, *new.matcher.sites.modules):
        if name in old.parameters or name in old.matcher.sites.modules:
            for key, was, now in _differing(_shown(old, name), _shown(new, name)):
                found.setdefault((key, was or "not set", now or "not set"), []).append(name)
    for (key, was, now), names in found.items():
        listed = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
        effect = KEPT.get(key) or FIXED.get(key) or EFFECT
        yield Change(f"{key} of {listed}", was, now, effect, key not in FIXED, key not in NO_RATES)


def _shown(table: RuleTable, name: str) -> dict[str, str]:
    """What rules say of a parameter or module, by property; schedules and losses as they are written."""
    written = ("schedule", "loss")
    entries = {**table.entries.get(name, {}), **table.modules.get(name, {})}
    return {
        key: entry.property.value_span.text if key in written else show(entry.value) for key, entry in entries.items()
    }


def _pieces(before: Spec, after: Spec) -> Iterator[Change]:
    """Declarations that nets and losses are made from; what they change in the net is shown there."""
    old, new = _declared(before), _declared(after)
    for name in dict.fromkeys([*old, *new]):
        if name not in old or name not in new:
            continue  # one that nothing uses yet, or no longer, shows in what uses it
        if first_difference(old[name], new[name]) is not None:
            yield Change(name, "", "")


def _declared(spec: Spec) -> dict[str, ast.Node]:
    tree, kinds = spec.compilation.tree, (ast.Block, ast.Autograd, ast.Def)
    return {each.name.text: each for each in tree.declarations if isinstance(each, kinds)}
