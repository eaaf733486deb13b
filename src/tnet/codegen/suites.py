"""Statements under `if`, `for` and `with`, each a level deeper than what opens it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import expressions as py
from .paths import Named
from .printing import INDENT, Printer

Write = Callable[[Named, int], list[str]]


class Suite:
    """Prints named statements in order; `write` prints one that frames no others, at a depth."""

    def __init__(self, named: list[Named], write: Write, printer: Printer):
        self.rest = named[::-1]
        self.write = write
        self.printer = printer

    def lines(self, depth: int) -> list[str]:
        """Up to the end of the branch, which is left to be read."""
        lines: list[str] = []
        while self.rest and self.rest[-1].statement.op not in ("else", "end"):
            op = self.rest[-1].statement.op
            if op == "if":
                lines += self._choice(depth)
            elif op == "for":
                lines += self._loop(depth)
            elif op == "move":
                lines += self._moved(self.rest.pop(), depth)
            elif op.startswith("update"):
                lines += self._updates(depth)
            else:
                lines += self.write(self.rest.pop(), depth)
        return lines

    def _choice(self, depth: int) -> Iterator[str]:
        opening = self.rest.pop()
        test = self.printer.text(opening.statement.expr)
        then = self.lines(depth + 1)
        self.rest.pop()
        otherwise = self.lines(depth + 1)
        if then:
            yield f"{INDENT * depth}if {test}:"
            yield from then
        if otherwise:
            yield f"{INDENT * depth}{'else' if then else f'if not {test}'}:"
            yield from otherwise
        yield from self.write(self.rest.pop(), depth)

    def _loop(self, depth: int) -> Iterator[str]:
        opening = self.rest.pop()
        statement = opening.statement
        targets = [opening.names[each.index] for each in statement.targets.items]
        variables = targets[: len(targets) - len(statement.content.items)]
        initial = [opening.fill(each) for each in statement.content.items]
        times = self.printer.text(opening.fill(statement.expr))
        yield from (f"{INDENT * depth}{alias} = {name}" for alias, name in opening.before)
        yield from self._assigned(targets[len(variables) :], initial, depth)
        yield f"{INDENT * depth}for {', '.join(variables) or '_'} in {times}:"
        yield from self.lines(depth + 1) or [f"{INDENT * (depth + 1)}pass"]
        yield from self.write(self.rest.pop(), depth)

    def _moved(self, named: Named, depth: int) -> Iterator[str]:
        statement = named.statement
        targets = [named.names[each.index] for each in statement.targets.items]
        return self._assigned(targets, [named.fill(each) for each in statement.expr.items], depth)

    def _assigned(self, targets: list[str], values: list[py.Expr], depth: int) -> Iterator[str]:
        """One assignment of all that does not have its name already."""
        pairs = [(name, value) for name, value in zip(targets, values, strict=True) if py.Code(name) != value]
        pairs = [(name, value) for name, value in pairs if name != "_"]
        if pairs:
            names, given = zip(*pairs, strict=True)
            value = given[0] if len(given) == 1 else py.Items("", given)
            yield from self.printer.lines(f"{', '.join(names)} = ", value, depth=depth)

    def _updates(self, depth: int) -> Iterator[str]:
        """Writes into buffers, one after another without gradient."""
        yield f"{INDENT * depth}with {self.printer.imports.name('torch.no_grad')}():"
        while self.rest and self.rest[-1].statement.op.startswith("update"):
            yield from self.write(self.rest.pop(), depth + 1)
