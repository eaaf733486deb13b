"""The classes of torchmetrics, read from its source without importing it.

Importing torchmetrics loads SciPy's signal processing, which takes as long as a third of importing torch: too much for
checking a spec. The classes are imported when a run builds them.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, util
from pathlib import Path
from typing import Any, Literal, Optional, Union

DOMAINS = ("classification", "regression", "segmentation", "image", "audio", "text", "detection", "retrieval",
           "clustering", "nominal", "shape")  # fmt: skip
"""In the order in which a name is looked up."""
TASKS = ("binary", "multiclass", "multilabel")
DECIDED = ("validate_args",)
"""Arguments that are not the author's: checking values would read them from the device at each batch."""


@dataclass(frozen=True)
class MetricClass:
    """A class of torchmetrics: its name and the module that defines it."""

    name: str
    module: str

    def load(self) -> type:
        return getattr(import_module(self.module), self.name)

    @property
    def domain(self) -> str:
        """`classification`, `regression`, …"""
        return self.module.split(".")[1]

    @property
    def takes(self) -> Mapping[str, str]:
        """What a batch must give, by name, as its types are written: the arguments of `update` that have no default."""
        return _update(self.name, self.module)

    @property
    def signature(self) -> inspect.Signature:
        """The constructor's, with the annotations that this module can evaluate."""
        return _signature(self.name, self.module)


def folded(name: str) -> str:
    return name.replace("_", "").lower()


def small_letters(name: str) -> str:
    """`F1Score` as `f1_score`, `AUROC` as `auroc`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@cache
def classes(domains: tuple[str, ...] = DOMAINS) -> Mapping[str, MetricClass]:
    """The metrics by their names in small letters; of one that a `task` divides, only the whole."""
    found: dict[str, MetricClass] = {}
    for domain in domains:
        for alias, module in _imports(f"torchmetrics.{domain}").items():
            found.setdefault(small_letters(alias), MetricClass(alias, module))
    divided = {f"{task}_{name}" for task in TASKS for name in found}
    return {name: each for name, each in found.items() if name not in divided}


def find(name: str) -> MetricClass | None:
    """The metric of a name, however its words are joined (`fbeta_score`, `f_beta_score`)."""
    for domain in DOMAINS:
        found = {folded(known): each for known, each in classes((domain,)).items()}
        if folded(name) in found:
            return found[folded(name)]
    return None


@cache
def _signature(name: str, module: str) -> inspect.Signature:
    """From the class's own constructor or the nearest base's."""
    member = _method(name, module, ("__new__", "__init__"))
    return inspect.Signature(list(_parameters(member.args)) if member else [])


@cache
def _update(name: str, module: str) -> Mapping[str, str]:
    member = _method(name, module, ("update",))
    named = member.args.args[1:] if member else []
    if not named:  # a class that a `task` divides: its parts are all given the same
        return {"preds": "Tensor", "target": "Tensor"}
    needed = named[: len(named) - len(member.args.defaults)]
    return {each.arg: ast.unparse(each.annotation) if each.annotation else "Tensor" for each in needed}


def _method(name: str, module: str, called: tuple[str, ...]) -> ast.FunctionDef | None:
    """A method of a class, its own or the nearest base's that has one."""
    cls = next((n for n in _parsed(module).body if isinstance(n, ast.ClassDef) and n.name == name), None)
    for member in cls.body if cls else ():
        if isinstance(member, ast.FunctionDef) and member.name in called:
            return member
    base = cls.bases[0].id if cls and cls.bases and isinstance(cls.bases[0], ast.Name) else None
    return _method(base, _imports(module).get(base, module), called) if base else None


def _parameters(arguments: ast.arguments) -> Iterator[inspect.Parameter]:
    named = arguments.args[1:]
    required = len(named) - len(arguments.defaults)
    for number, argument in enumerate(named):
        if argument.arg not in DECIDED:
            default = inspect.Parameter.empty if number < required else None
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
            yield inspect.Parameter(argument.arg, kind, default=default, annotation=_type(argument.annotation))


NAMES = {"bool": bool, "int": int, "float": float, "str": str, "list": list, "tuple": tuple, "Optional": Optional,
         "Union": Union, "Literal": Literal}  # fmt: skip


def _type(node: ast.expr | None) -> Any:
    """The type that an annotation names; `Any` where it names more than Python's own."""
    match node:
        case ast.Name(id=name) if name in NAMES:
            return NAMES[name]
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=items):
            return tuple(map(_type, items))
        case ast.Subscript(value=ast.Name(id=name), slice=inner) if name in NAMES:
            members = _type(inner)
            unknown = members is Any or isinstance(members, tuple) and Any in members
            return Any if unknown else NAMES[name][members]
    return Any


def _imports(module: str) -> dict[str, str]:
    """Classes that a module takes from others, with their modules."""
    taken = [each for each in ast.walk(_parsed(module)) if isinstance(each, ast.ImportFrom) and each.module]
    return {alias.name: each.module for each in taken for alias in each.names if alias.name[:1].isupper()}


@cache
def _parsed(module: str) -> ast.Module:
    """A module of torchmetrics, parsed. Its package is found without being imported."""
    root = Path(util.find_spec("torchmetrics").submodule_search_locations[0])
    path = root.joinpath(*module.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))
