"""`use mypkg.layers: Swish`: classes and functions of the user's own Python, where the user allows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..catalog.python import ImportFailed, OwnClass, OwnFunction, OwnLayer, import_module, locate, meaning, names_in
from ..diagnostics import did_you_mean, error
from ..ir.values import Call
from ..source import Source, Span
from ..syntax import ast
from ..trust import Permissions
from .callees import Callee, describe
from .globals import Globals
from .paths import project_of


def used(source: Source, node: ast.Use, name: ast.ImportName, permissions: Permissions) -> Callee:
    """What a name of a `use` means. Raises SpecError: TN0505 before anything is imported, TN0506 for what fails."""
    module, folders = node.module.text, search_folders(source)
    file = locate(module, folders)
    if not permissions.allow(module, source.path, file):
        top = module.partition(".")[0]
        inside = f", or trust the folder once: `tnet trust {folders[-1]}`" if file and is_below(file, folders) else ""
        raise error(
            "TN0505", f"`use` runs the Python code of `{module}`, which you have not allowed", node.module.span,
            help=f"if you trust that code, add `--allow {top}` (in Python `allow=[\"{top}\"]`){inside}",
        )  # fmt: skip
    if file is None:
        raise error(
            "TN0506", f"there is no Python module `{module}`", node.module.span,
            help=f"looked in {', '.join(map(str, folders))} and where Python looks",
        )  # fmt: skip
    try:
        imported = import_module(module, folders)
    except ImportFailed as failed:
        place = f", at {failed.place}" if failed.place else ""
        raise error("TN0506", f"importing `{module}` fails{place}: {failed}", node.module.span) from failed
    return _meaning(imported, module, name)


def _meaning(imported: Any, module: str, name: ast.ImportName) -> Callee:
    called = name.name.text
    if not hasattr(imported, called):
        advice = did_you_mean(called, names_in(imported))
        raise error("TN0201", f"`{module}` has no `{called}`", name.name.span, help=advice)
    value = getattr(imported, called)
    found = meaning(module, called, value)
    if found is None:
        what = f"`{called}` of `{module}` is {describe(value)}, no class or function"
        raise error("TN0206", what, name.name.span)
    kind = "class" if isinstance(found, OwnClass) else "layer" if isinstance(found, OwnLayer) else "function"
    return Callee(kind, (name.alias or name.name).text, found)


def own_layers(globals_: Globals) -> dict[str, type]:
    """The classes of layers that a file takes from Python code, by the names that it gives them."""
    callees = ((name, value) for name, value in globals_.values.items() if isinstance(value, Callee))
    return {name: value.target.cls for name, value in callees if isinstance(value.target, OwnLayer)}


def as_call(value: Any, span: Span) -> Any:
    """A value of the section `data`, own classes and functions in it as calls, which know their places."""
    if isinstance(value, list | tuple):
        return type(value)(as_call(each, span) for each in value)
    if not isinstance(value, Callee) or not isinstance(value.target, OwnClass | OwnFunction | OwnLayer):
        return value
    given = value.arguments
    return Call(
        value.name,
        tuple(as_call(each, given.span(place, span)) for place, each in enumerate(given.positional)),
        {name: as_call(each, given.span(name, span)) for name, each in given.keywords.items()},
        span.text.rstrip().endswith(")"), span, given.spans, given.names, value.target,
    )  # fmt: skip


def search_folders(source: Source) -> tuple[Path, ...]:
    """Where modules are looked for before Python's own places: beside the spec, then in the folder of its project."""
    home = (source.path.parent if source.path else Path()).resolve()
    return tuple(dict.fromkeys((home, project_of(home))))


def is_below(file: Path, folders: tuple[Path, ...]) -> bool:
    """Whether a file is in one of these folders; an environment in a project is not the project's own."""
    place = file.resolve()
    return "site-packages" not in place.parts and any(place.is_relative_to(each) for each in folders)
