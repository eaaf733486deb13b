"""What the tree says about places in the text: how a bracket or sign is spaced, and what stands in columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..source import Span
from ..syntax import ast, walk

_LOOSE = (ast.Grouped, ast.TupleExpr, ast.Targets, ast.ListExpr)
_BRACED = (ast.Block, ast.Net, ast.Autograd, ast.Parameters, ast.Data, ast.Train)


@dataclass(frozen=True, slots=True)
class Column:
    """A place that lines up with those of the items above and below.

    `always`: whether it does in any case, or only where the author lined it up.
    """

    kind: str
    item: int
    always: bool


@dataclass
class Roles:
    """Sets of offsets: of the first character of a token, or (`after_…`) of the end of the token before it."""

    maps: set[int] = field(default_factory=set)
    groupings: set[int] = field(default_factory=set)
    lists: set[int] = field(default_factory=set)
    loose: set[int] = field(default_factory=set)
    unary: set[int] = field(default_factory=set)
    selectors: dict[int, Span] = field(default_factory=dict)
    after_keyword: set[int] = field(default_factory=set)
    after_forward: set[int] = field(default_factory=set)
    after_shape: set[int] = field(default_factory=set)
    columns: dict[int, Column] = field(default_factory=dict)
    labels: dict[int, Column] = field(default_factory=dict)
    declarations: dict[int, bool] = field(default_factory=dict)


def roles_of(tree: ast.Tree) -> Roles:
    """The roles of all tokens of a tree without errors."""
    roles = Roles()
    for declaration in tree.declarations:
        roles.declarations[declaration.span.start] = isinstance(declaration, _BRACED)
        for node in walk(declaration):
            _add_brackets(roles, node)
            _add_names(roles, node)
            _add_columns(roles, node)
    return roles


def _add_brackets(roles: Roles, node: ast.Node) -> None:
    start = node.span.start
    if isinstance(node, ast.MapExpr):
        roles.maps.add(start)
    elif isinstance(node, ast.Unary) and node.op != "not":
        roles.unary.add(start)
    elif isinstance(node, ast.ShapeStatement):
        roles.after_shape.add(start + len("shape"))
    elif isinstance(node, ast.Autograd):
        roles.after_forward.add(node.forward.span.end)
    elif isinstance(node, ast.SelectorPart):
        roles.selectors[start] = node.span
    if isinstance(node, ast.Grouped):
        roles.groupings.add(start)
    if isinstance(node, ast.ListExpr):
        roles.lists.add(start)
    if isinstance(node, _LOOSE):
        roles.loose.add(start)


def _add_names(roles: Roles, node: ast.Node) -> None:
    """Names whose `=` takes no blanks."""
    if isinstance(node, ast.Arg | ast.Formal):
        value = node.value if isinstance(node, ast.Arg) else node.default
        if node.name and value and not _is_long(value):
            roles.after_keyword.add(node.name.span.end)
    elif isinstance(node, ast.Dim) and node.hint:
        roles.after_keyword.add(node.value.span.end)


def _is_long(value: ast.Expr) -> bool:
    """Two operators or more, so that the eye wants room around the `=` too: `lr = 0.1 * batch / 256`."""
    return isinstance(value, ast.Binary) and isinstance(value.left, ast.Binary)


def _add_columns(roles: Roles, node: ast.Node) -> None:
    start = node.span.start
    if isinstance(node, ast.Setting):
        roles.columns[node.name.span.end] = Column("setting", start, always=True)
    elif isinstance(node, ast.Rule):
        roles.columns[node.selectors[-1].span.end] = Column("rule", start, always=True)
    elif isinstance(node, ast.Assign):
        roles.columns[node.targets[-1].span.end] = Column("assignment", start, always=False)
    elif isinstance(node, ast.Constant | ast.Hyper):
        roles.columns[node.name.span.end] = Column("constant", start, always=False)
    elif isinstance(node, ast.Flow) and node.steps[0].label:
        roles.labels[node.steps[0].label.span.end] = Column("label", start, always=False)
