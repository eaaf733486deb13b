"""Which classes a net needs: one for each block, and for each structure that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..ir import graph as ir
from . import expressions as py
from .arguments import Unified, unify
from .bodies import Body, body_of, is_chain, sequential
from .words import camel_case, clean, unnumbered, unused

WIDEST_POSITIONAL = 4

UNNAMED = ("Group", "Repeat")
"""What groups and repeats without a label are called."""


@dataclass(eq=False)
class Class:
    """A class of the generated file: the bodies of its instances, which differ in literals only."""

    family: str
    bodies: list[Body]
    unified: Unified
    name: str = ""

    @property
    def body(self) -> Body:
        return self.bodies[0]

    def construct(self, instance: int) -> py.Call:
        """The call that makes one of the instances: leading sizes by position, the rest by name."""
        given: list[py.Expr] = []
        positional = True
        for argument in self.unified.arguments:
            positional = positional and argument.is_width and len(given) < WIDEST_POSITIONAL
            value = py.Literal(argument.values[instance], argument.name, inferred=argument.given)
            given.append(value if positional else py.Keyword(argument.name, value))
        return py.Call(py.ClassRef(self), tuple(given))


@dataclass
class Classes:
    """All classes of a net. `constructors` has for each module the expression that makes it."""

    taken: set[str]
    families: dict[int, str]
    constructors: dict[int, py.Expr] = field(default_factory=dict)
    by_module: dict[int, Class] = field(default_factory=dict)

    def constructor(self, module: ir.Module) -> py.Expr:
        return self.constructors[id(module)]

    def add_level(self, modules: list[ir.Module]) -> None:
        """Modules whose children are all done."""
        groups: dict[Any, list[ir.Module]] = {}
        bodies: dict[int, Body] = {}
        for module in modules:
            if not needs_class(module):
                self.constructors[id(module)] = sequential(module, self.constructor)
                continue
            bodies[id(module)] = body_of(module, self.constructor)
            groups.setdefault((self.families[id(module)], bodies[id(module)]), []).append(module)
        for (name, _), members in groups.items():
            own = [bodies[id(module)] for module in members]
            cls = Class(name, own, unify(own, self.taken))
            for instance, module in enumerate(members):
                self.by_module[id(module)] = cls
                self.constructors[id(module)] = cls.construct(instance)


def classes_of(root: ir.Module, taken: set[str]) -> list[Class]:
    """The classes that a net needs, named, each before those that use it."""
    modules = list(unique_modules(root))
    levels: dict[int, list[ir.Module]] = {}
    heights: dict[int, int] = {}
    for module in modules:
        below = [heights[id(child)] for child in module.children.values() if isinstance(child, ir.Module)]
        heights[id(module)] = 1 + max(below, default=0)
        levels.setdefault(heights[id(module)], []).append(module)
    found = Classes(taken, families_of(modules))
    for _, level in sorted(levels.items()):
        found.add_level(level)
    ordered = list(dict.fromkeys(found.by_module[id(each)] for each in modules if id(each) in found.by_module))
    name_classes(ordered, root.name, taken)
    return ordered


def unique_modules(root: ir.Module) -> Iterator[ir.Module]:
    """Each module once, children first."""
    seen: set[int] = set()

    def visit(module: ir.Module) -> Iterator[ir.Module]:
        if id(module) in seen:
            return
        seen.add(id(module))
        for child in module.children.values():
            if isinstance(child, ir.Module):
                yield from visit(child)
        yield module

    return visit(root)


def needs_class(module: ir.Module) -> bool:
    """Whether a module is more than a chain in place."""
    return module.kind in ("net", "block") or not is_chain(module)


def families_of(modules: list[ir.Module]) -> dict[int, str]:
    """What the class of each module is called but for its structure: groups that are numbered alike share a name."""
    names = {id(module): module.name for module in modules}
    for parent in reversed(modules):
        for child in parent.children.values():
            if parent.kind == "repeat" and isinstance(child, ir.Module) and child.name in UNNAMED:
                names[id(child)] = singular(names[id(parent)])
    return {
        id(module): names[id(module)] if module.kind in ("net", "block") else unnumbered(names[id(module)])
        for module in modules
    }


def singular(name: str) -> str:
    """What one of the copies of a repeat is called: `Layers` has a `Layer`, `Stage1` a `StageBlock`."""
    name = unnumbered(name)
    if name in UNNAMED:
        return "Block"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else f"{name}Block"


def name_classes(classes: list[Class], root_name: str, taken: set[str]) -> None:
    """Names for all: the simplest structure of a family has the family's name, another adds what tells it apart."""
    names = {root_name, *taken}
    families: dict[str, list[Class]] = {}
    for cls in classes:
        families.setdefault(cls.family, []).append(cls)
    for name, members in families.items():
        simplest = min(members, key=lambda cls: (len(cls.body.module.children), -len(cls.bodies)))
        for cls in [simplest, *(cls for cls in members if cls is not simplest)]:
            if cls.body.module.kind == "net" and name == root_name:
                cls.name = root_name
                continue
            wanted = name if cls is simplest else name + difference(cls, simplest)
            cls.name = unused(clean(wanted), names)
            names.add(cls.name)


def difference(cls: Class, simplest: Class) -> str:
    """A word for what a structure has that the simplest one has not: a child, or else a configuration."""
    for label in cls.body.module.children:
        if label not in simplest.body.module.children and label.isidentifier():
            return camel_case(label)
    for name in cls.body.module.config:
        mine, others = ({py.exact(body.module.config.get(name)) for body in each.bodies} for each in (cls, simplest))
        if len(mine) == 1 and mine.isdisjoint(others):
            if word := configured(name, cls.body.module.config[name]):
                return word
    return ""


def configured(name: str, value: Any) -> str | None:
    """`expand=True` as `Expand`, `expand=6` as `Expand6`, `mode="full"` as `Full`."""
    match value:
        case bool():
            return camel_case(name) if value else f"No{camel_case(name)}"
        case None:
            return f"No{camel_case(name)}"
        case int():
            return f"{camel_case(name)}{value}" if value >= 0 else None
        case str() if value.isidentifier():
            return camel_case(value)
    return None
