"""The pipeline: text to tree to program, with every diagnostic on the way. One line a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .diagnostics import Diagnostic
from .ir.program import Override, Program
from .source import Source
from .syntax import ast, parse

__all__ = ["Compilation", "Override", "compile_spec"]


@dataclass
class Compilation:
    """What became of a spec: always a tree; a program if it could be read; and what is wrong."""

    tree: ast.Tree
    program: Program | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    tables: dict[str | None, Any] = field(default_factory=dict)
    data_recipes: dict[str | None, Any] = field(default_factory=dict)
    recipes: dict[str | None, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not any(each.is_error for each in self.diagnostics)


def compile_spec(
    source: Source, hypers: Mapping[str, Any] | None = None, overrides: Sequence[Override] = ()
) -> Compilation:
    """Everything that can be known of a spec before it runs. Never raises for what is wrong with it.

    `hypers` are Python values for hyper-parameters; `overrides` are places of values for any name.
    """
    tree = parse(source)
    compilation = Compilation(tree, diagnostics=list(tree.diagnostics))
    if compilation.ok:
        given = [*(Override(name, value) for name, value in (hypers or {}).items()), *overrides]
        _elaborate(compilation, given)
    compilation.diagnostics.sort(key=_place)
    return compilation


def _elaborate(compilation: Compilation, overrides: Sequence[Override]) -> None:
    from .elaborate import elaborate

    compilation.program, diagnostics = elaborate(compilation.tree, overrides)
    compilation.diagnostics += diagnostics


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    return (diagnostic.span.source.name, diagnostic.span.start) if diagnostic.span else ("", -1)
