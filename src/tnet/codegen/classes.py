"""Which classes a net needs: one for each block, and for each structure that it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..ir import graph as ir
from ..ir.autograd import Autograd
from . import expressions as py
from .arguments import Unified, unify
from .autograd import APPLY, FunctionBody, function_body
from .bodies import Body, body_of, is_chain, sequential
from .words import camel_case, clean, unnumbered, unused

WIDEST_POSITIONAL = 4

UNNAMED = ("Group", "Repeat")
"""What groups and repeats without a label are called."""


@dataclass(eq=False)
class Class:
    """A class of the generated file: the bodies of its instances, which differ in literals only."""

    family: str
    bodies: list[Body] | list[FunctionBody]
    unified: Unified
    name: str = ""

    @property
    def body(self) -> Body | FunctionBody:
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


class FunctionClass(Class):
    """A class of functions with their own gradient: a use that differs in literals gives them as arguments."""

    def construct(self, instance: int) -> py.Call:
        """The call of one of the uses, but for its inputs."""
        given = tuple(py.Literal(each.values[instance], each.name) for each in self.unified.arguments)
        return py.Call(py.Attribute(py.ClassRef(self), APPLY), given)


@dataclass
class Classes:
    """All classes of a net. `constructors` has for each module the expression that makes it, for each function with its
    own gradient the one that calls it."""

    taken: set[str]
    families: dict[int, str]
    constructors: dict[int, py.Expr] = field(default_factory=dict)
    by_module: dict[int, Class] = field(default_factory=dict)

    def constructor(self, it: ir.Module | Autograd) -> py.Expr:
        return self.constructors[id(it)]

    def add_functions(self, functions: list[Autograd]) -> None:
        """Functions whose bodies apply none but those that are done."""
        bodies = [(function.name, function_body(function, self.constructor)) for function in functions]
        self._add(FunctionClass, functions, bodies)

    def add_level(self, modules: list[ir.Module]) -> None:
        """Modules whose children are all done."""
        classes = []
        for module in modules:
            if needs_class(module):
                classes.append(module)
            else:
                self.constructors[id(module)] = sequential(module, self.constructor)
        bodies = [(self.families[id(module)], body_of(module, self.constructor)) for module in classes]
        self._add(Class, classes, bodies)

    def _add(self, kind: type[Class], items: list[Any], bodies: list[tuple[str, Any]]) -> None:
        """One class for each name and structure."""
        groups: dict[Any, list[int]] = {}
        for place, key in enumerate(bodies):
            groups.setdefault(key, []).append(place)
        for (name, _), places in groups.items():
            own = [bodies[place][1] for place in places]
            cls = kind(name, own, unify(own, self.taken))
            for instance, place in enumerate(places):
                self.by_module[id(items[place])] = cls
                self.constructors[id(items[place])] = cls.construct(instance)


def classes_of(root: ir.Module, taken: set[str]) -> list[Class]:
    """The classes that a net needs, named, each before those that use it."""
    modules = list(unique_modules(root))
    functions = list(unique_functions(modules))
    found = Classes(taken, families_of(modules))
    for level in levels(functions, lambda function: functions_in([function.forward, function.backward])):
        found.add_functions(level)
    for level in levels(modules, ir.inner_modules):
        found.add_level(level)
    ordered = dict.fromkeys(found.by_module.get(id(each)) for each in (*functions, *modules))
    ordered = [cls for cls in ordered if cls is not None]
    name_classes(ordered, root.name, taken)
    return ordered


def levels(items: list[Any], below: Callable[[Any], Iterable[Any]]) -> list[list[Any]]:
    """The items, of which each stands after what is below it, in rows without one below another."""
    heights: dict[int, int] = {}
    rows: dict[int, list[Any]] = {}
    for each in items:
        heights[id(each)] = 1 + max((heights[id(inner)] for inner in below(each)), default=0)
        rows.setdefault(heights[id(each)], []).append(each)
    return [row for _, row in sorted(rows.items())]


def unique_functions(modules: list[ir.Module]) -> Iterator[Autograd]:
    """Each function with its own gradient once, those that it applies first."""
    seen: set[int] = set()

    def visit(modules: Iterable[ir.Module]) -> Iterator[Autograd]:
        for function in functions_in(modules):
            if id(function) not in seen:
                seen.add(id(function))
                yield from visit([function.forward, function.backward])
                yield function

    return visit(modules)


def functions_in(modules: Iterable[ir.Module]) -> Iterator[Autograd]:
    """The functions that modules apply themselves, also in initial values."""
    for module in modules:
        declared = (*module.parameters.values(), *module.buffers.values())
        for each in (module, *(it.expression for it in declared if it.expression)):
            yield from (node.args[0] for node in ir.walk(each.nodes) if node.op == "autograd")


def unique_modules(root: ir.Module) -> Iterator[ir.Module]:
    """Each module once, children first."""
    seen: set[int] = set()

    def visit(module: ir.Module) -> Iterator[ir.Module]:
        if id(module) in seen:
            return
        seen.add(id(module))
        for child in ir.inner_modules(module):
            yield from visit(child)
        yield module

    return visit(root)


def needs_class(module: ir.Module) -> bool:
    """Whether a module is more than a chain in place."""
    return module.kind in ("net", "block", "variant") or not is_chain(module)


def families_of(modules: list[ir.Module]) -> dict[int, str]:
    """What the class of each module is called but for its structure: groups that are numbered alike share a name."""
    names = {id(module): module.name for module in modules}
    for parent in reversed(modules):
        for child in parent.children.values():
            if parent.kind == "repeat" and isinstance(child, ir.Module) and child.name in UNNAMED:
                names[id(child)] = singular(names[id(parent)])
    return {
        id(module): names[id(module)] if module.kind in ("net", "block", "variant") else unnumbered(names[id(module)])
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
    """A word for what a structure has that the simplest one has not: a child, a configuration, or an input."""
    for label in cls.body.module.children:
        if label not in simplest.body.module.children and label.isidentifier():
            return camel_case(label)
    for name in cls.body.module.config:
        mine, others = ({py.exact(body.module.config.get(name)) for body in each.bodies} for each in (cls, simplest))
        if len(mine) == 1 and mine.isdisjoint(others):
            if word := configured(name, cls.body.module.config[name]):
                return word
    known = {value.name for value in simplest.body.module.inputs}
    return next((camel_case(each.name) for each in cls.body.module.inputs if each.name not in known), "")


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
