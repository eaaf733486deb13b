"""Importing `.tnet` files like Python modules: their nets are the module's classes.

import tnet.importer
from specs.resnet import ResNet

model = ResNet(depth=18)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..diagnostics import SpecError
from ..syntax import ast, parse, read

if TYPE_CHECKING:
    from torch import nn

    from ..spec import Spec


ALLOWED: list[str] = []
"""The Python modules and packages that imported specs may `use`."""


def allow(*modules: str) -> None:
    """Let specs that are imported from now on `use` these modules and packages, and so run them."""
    ALLOWED.extend(modules)


def install() -> None:
    """Make `.tnet` files importable, from the same folders as `.py` files, which go first."""
    if not any(isinstance(finder, SpecFinder) for finder in sys.meta_path):
        sys.meta_path.append(SpecFinder())


class SpecFinder(MetaPathFinder):
    """Finds `name.tnet` on the path."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        name = f"{fullname.rpartition('.')[2]}.tnet"
        files = (Path(folder) / name for folder in (sys.path if path is None else path))
        found = next((file for file in files if file.is_file()), None)
        return found and spec_from_file_location(fullname, found, loader=SpecLoader(found))


class SpecLoader(Loader):
    """Reads a spec when it is imported, and compiles it when one of its nets is built."""

    def __init__(self, file: Path):
        self.file = file

    def exec_module(self, module: ModuleType) -> None:
        """Enter the nets of the spec. Raises SpecError for text that cannot be read."""
        tree = parse(read(self.file))
        if any(each.is_error for each in tree.diagnostics):
            raise SpecError(tree.diagnostics)
        specs = SpecsByHypers(self.file)
        nets = [node for node in tree.declarations if isinstance(node, ast.Net)]
        for node in nets:
            space = {"__doc__": _doc(node, tree), "__module__": module.__name__, "specs": specs, "built": set()}
            setattr(module, node.name.text, NetClass(node.name.text, (), space))
        module.__all__ = [node.name.text for node in nets]


def _doc(net: ast.Net, tree: ast.Tree) -> str:
    """What the net is, and its hyper-parameters as the spec declares them."""
    hypers = [f"    {node.span.text}" for node in tree.declarations if isinstance(node, ast.Hyper)]
    said = [f"The net `{net.name.text}`, initialised by the rules of its spec."]
    return "\n".join(said + (["", "Hyper-parameters, by keyword:", "", *hypers] if hypers else []))


class SpecsByHypers:
    """A file's spec for each choice of hyper-parameters, compiled once."""

    def __init__(self, file: Path):
        self.file = file
        self.compiled: dict[str, Spec] = {}

    def __call__(self, hypers: dict[str, Any]) -> Spec:
        from ..opening import load

        key = repr(sorted(hypers.items()))
        if key not in self.compiled:
            self.compiled[key] = load(self.file, allow=ALLOWED, **hypers)
        return self.compiled[key]


class NetClass(type):
    """A net of an imported spec: called with hyper-parameters, it gives a module, which counts as its instance."""

    def __call__(cls, **hypers: Any) -> nn.Module:
        model = cls.specs(hypers).model(cls.__name__)
        cls.built.add(type(model))
        return model

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, tuple(cls.built))
