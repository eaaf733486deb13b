"""A value of a body that is never read.

The flow goes on with `x`: `h = x -> Linear(8)` leaves `x` as it was, and what comes next does not see `h`. A
`parameter` that is never read gets no gradient.

Write the step without `h =`, use the value, or call it `_`. Of several names on the left one that is used is enough.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, warning
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
    told = set()
    for declaration, statement, names in unread(context.tree):
        key = (declaration.span, *(name.text for name in names))
        if key in told:
            continue
        told.add(key)
        listed = ", ".join(f"`{name.text}`" for name in names)
        is_parameter = isinstance(statement, ast.ParameterStatement)
        message = f"{'parameter ' if is_parameter else ''}{listed} {'are' if len(names) > 1 else 'is'} never read"
        help = "use it, or remove it"
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Pipe):
            help = f"{help}; to go on with what the steps give, leave out `{_before_steps(statement)}`"
        yield warning(CODE, message, names[0].span.to(names[-1].span), help=help)


def unread(tree: ast.Tree) -> Iterator[tuple[ast.Block | ast.Net, ast.Node, list[ast.Name]]]:
    """The statements of each block and net none of whose names is read, with the names."""
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Block | ast.Net):
            nodes = list(walk(declaration.body))
            buffers = {node.name.text for node in nodes if isinstance(node, ast.BufferStatement)}
            read = {"x", *used_names(declaration.body), *buffers}
            for node in nodes:
                names = [name for name in _bound(node) if not name.text.startswith("_")]
                if names and read.isdisjoint(name.text for name in names):
                    yield declaration, node, names


def _bound(node: ast.Node) -> Iterator[ast.Name]:
    if isinstance(node, ast.ParameterStatement):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (name for target in node.targets for name in walk(target) if isinstance(name, ast.Name))


def _before_steps(statement: ast.Assign) -> str:
    """`h = x ->`, of `h = x -> Linear(8)`."""
    text, start = statement.span.text, statement.span.start
    return text[: statement.value.steps[0].span.start - start].strip()
