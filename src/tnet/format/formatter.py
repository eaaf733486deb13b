"""The formatter: one layout for each syntax tree, proven on each call."""

from __future__ import annotations

from ..diagnostics import SpecError, error
from ..source import Source
from ..syntax import ast, parse
from .layout import lay_out
from .proof import first_difference


def format_tree(tree: ast.Tree) -> str:
    """The canonical text of a tree: same nodes, same comments, in lines of its own choosing.

    Raises SpecError with the tree's diagnostics where it has errors, and TN0002 where the result would mean something
    else, lose a comment or change when formatted again.
    """
    if any(each.is_error for each in tree.diagnostics):
        raise SpecError(tree.diagnostics)
    text = lay_out(tree)
    _prove(tree, text)
    return text


def format_source(source: Source) -> str:
    """The canonical text of a spec; raises SpecError as `format_tree` does."""
    return format_tree(parse(source))


def _prove(tree: ast.Tree, text: str) -> None:
    """Raise TN0002 unless `text` stands for the same tree and is its own canonical text."""
    again = parse(Source(tree.source.name, text))
    whole = tree.source.span(0, 0)
    if again.diagnostics:
        raise _internal("does not parse", whole)
    if len(again.declarations) != len(tree.declarations):
        raise _internal("has other declarations", whole)
    for before, after in zip(tree.declarations, again.declarations, strict=True):
        changed = first_difference(before, after)
        if changed or type(before) is not type(after):
            raise _internal("means something else", (changed or before).span)
    if [each.text for each in again.comments] != [each.text for each in tree.comments]:
        raise _internal("has other comments", whole)
    if lay_out(again) != text:
        raise _internal("changes when formatted again", whole)


def _internal(fault: str, span) -> SpecError:
    return error("TN0002", f"the formatted text {fault}", span, help="this is a bug in tnet; the file is left as it is")
