"""The declarations of one file: hyper-parameters, constants, definitions, blocks, nets, evaluated when first used."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..diagnostics import Note, SpecError, did_you_mean, error
from ..ir.program import HyperValue
from ..source import Source, Span
from ..syntax import ast
from .callees import UNKNOWN, Callee, Declared, Skip
from .evaluation import evaluate
from .frames import MISSING, Frame, Work

NAMED = (ast.Hyper, ast.Constant, ast.Def, ast.Block, ast.Net, ast.Autograd)
PRINTED = (ast.Block, ast.Net, ast.Autograd)
"""Declarations that become classes."""


@dataclass
class Globals:
    """One file's names. `hyper` gives a hyper-parameter its value in force; `load` opens an imported spec, `use`
    gives a name of Python code."""

    source: Source
    work: Work
    declarations: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    hypers: dict[str, HyperValue] = field(default_factory=dict)
    hyper: Callable[[Globals, ast.Hyper], HyperValue] | None = None
    load: Callable[[Globals, ast.FromImport], Globals] | None = None
    use: Callable[[Globals, ast.Use, ast.ImportName], Any] | None = None
    evaluating: list[str] = field(default_factory=list)
    documentation: dict[int, str] = field(default_factory=dict)  # by the offset of the declaration

    def declare(self, tree: ast.Tree) -> None:
        """Enter all named declarations; a name given twice is reported."""
        self.documentation = documentation(tree)
        for declaration in tree.declarations:
            if isinstance(declaration, NAMED):
                self._enter(declaration.name, declaration)
            elif isinstance(declaration, (ast.FromImport, ast.Use)):
                for name in declaration.names:
                    self._enter(name.alias or name.name, (declaration, name))

    def _enter(self, name: ast.Name, declaration: Any) -> None:
        if name.text in self.declarations:
            note = Note("first declared here", self._place(name.text))
            self.work.report(error("TN0202", f"`{name.text}` is declared twice", name.span, note))
            return
        if isinstance(declaration, PRINTED) and keyword.iskeyword(name.text):
            why = f"`{name.text}` is a word of Python and cannot name a class there"
            self.work.report(error("TN0206", why, name.span, help=f"write `{name.text.title()}`, say"))
        self.declarations[name.text] = declaration

    def _place(self, name: str) -> Span:
        """Where a name is declared or imported."""
        declaration = self.declarations[name]
        return declaration[1].span if isinstance(declaration, tuple) else declaration.name.span

    def find(self, name: str) -> Any:
        """The value of a declared name, or MISSING. Raises `Skip` for one that failed."""
        if name not in self.values:
            if name not in self.declarations:
                return MISSING
            self.values[name] = self._evaluate_once(name)
        if self.values[name] is UNKNOWN:
            raise Skip
        return self.values[name]

    def _evaluate_once(self, name: str) -> Any:
        declaration = self.declarations[name]
        if name in self.evaluating:
            cycle = " -> ".join([*self.evaluating[self.evaluating.index(name) :], name])
            self.work.report(error("TN0503", f"`{name}` is defined by itself: {cycle}", self._place(name)))
            return UNKNOWN
        self.evaluating.append(name)
        try:
            return self._evaluate(declaration)
        except SpecError as problem:
            self.work.report(problem)
        except Skip:
            pass
        finally:
            self.evaluating.pop()
        return UNKNOWN

    def _evaluate(self, declaration: Any) -> Any:
        match declaration:
            case ast.Hyper():
                self.hypers[declaration.name.text] = self.hyper(self, declaration)
                return self.hypers[declaration.name.text].value
            case ast.Constant():
                return evaluate(declaration.value, Frame(self.work, self))
            case ast.Def():
                _check_formals(declaration.formals)
                return Callee("def", declaration.name.text, Declared(declaration, self))
            case ast.Block():
                _check_formals((*(declaration.config or ()), *(declaration.inputs or ())))
                _refuse_flow_in(declaration.config or ())
                return Callee("block", declaration.name.text, Declared(declaration, self))
            case ast.Net():
                return Callee("net", declaration.name.text, Declared(declaration, self))
            case ast.Autograd():
                return Callee("autograd", declaration.name.text, Declared(declaration, self))
            case (ast.FromImport() as imported, name):
                return self._imported(imported, name)
            case (ast.Use() as node, name):
                return self.use(self, node, name)
        raise AssertionError(f"no value of a {type(declaration).__name__}")

    def _imported(self, imported: ast.FromImport, name: ast.ImportName) -> Any:
        other = self.load(self, imported)
        value = other.find(name.name.text)
        if value is MISSING:
            raise error(
                "TN0201", f"`{other.source.name}` declares no `{name.name.text}`", name.span,
                help=did_you_mean(name.name.text, other.declarations),
            )  # fmt: skip
        return value


def _check_formals(formals: tuple[ast.Formal, ...]) -> None:
    first: dict[str, ast.Name] = {}
    for formal in formals:
        earlier = first.setdefault(formal.name.text, formal.name)
        if earlier is not formal.name:
            note = Note("first given here", earlier.span)
            raise error("TN0202", f"`{earlier.text}` is declared twice", formal.name.span, note)


def _refuse_flow_in(config: tuple[ast.Formal, ...]) -> None:
    for formal in config:
        if formal.name.text == "x":
            raise error(
                "TN0206", "a configuration cannot be called `x`, which is the flow", formal.name.span,
                help="the inputs of a block stand in parentheses of their own: `block Name()(x)`",
            )  # fmt: skip


def documentation(tree: ast.Tree) -> dict[int, str]:
    """The comment lines right above each declaration, by its offset."""
    comments = {comment.span.line: comment.text.lstrip("# ").rstrip() for comment in tree.comments if comment.own_line}
    found: dict[int, str] = {}
    for declaration in tree.declarations:
        line, lines = declaration.span.line - 1, []
        while line in comments:
            lines.insert(0, comments[line])
            line -= 1
        if lines:
            found[declaration.span.start] = "\n".join(lines)
    return found
