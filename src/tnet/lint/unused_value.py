"""A value of a body that is never read.

The flow goes on with `x`: `h = x -> Linear(8)` leaves `x` as it was, and what comes next does not see `h`. A
`parameter` that is never read gets no gradient.

Write the step without `h =`, use the value, or call it `_`. Of several names on the left one that is used is enough.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
from ..source import Span
from ..syntax import ast, used_names, walk
from .context import Context
from .registry import lint

CODE = "TN1011"

WRONG = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  h = x -> Linear(8) -> relu
  Linear(2)
}
"""

RIGHT = """\
net Small(v: float[N, 8]) -> float[N, 2] {
  h = x -> Linear(8) -> relu
  x = h
  Linear(2)
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for _, names, word in unread(context.tree):
        listed = ", ".join(f"`{name.text}`" for name in names)
        plural = "are" if len(names) > 1 else "is"
        help = "use it, or remove it" if word else "use it; to go on with it, write the step without a name before it"
        yield warning(CODE, f"{word}{listed} {plural} never read", _place(names), help=help)


def unread(tree: ast.Tree) -> Iterator[tuple[Span, list[ast.Name], str]]:
    """The statements none of whose names is read, with the names and what they are if not values."""
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Block | ast.Net):
            read = {"x", *used_names(declaration.body)}
            for node in walk(declaration.body):
                names = [name for name in _bound(node) if not name.text.startswith("_")]
                if names and read.isdisjoint(name.text for name in names):
                    yield node.span, names, "parameter " if isinstance(node, ast.ParameterStatement) else ""


def _bound(node: ast.Node) -> Iterator[ast.Name]:
    if isinstance(node, ast.ParameterStatement):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (name for target in node.targets for name in walk(target) if isinstance(name, ast.Name))


def _place(names: list[ast.Name]) -> Span:
    return names[0].span.to(names[-1].span)
