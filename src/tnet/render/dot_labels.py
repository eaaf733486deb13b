"""The words of a graph as Graphviz's HTML-like labels (https://graphviz.org/doc/info/shapes.html#html)."""

from __future__ import annotations

from html import escape
from textwrap import wrap
from unicodedata import east_asian_width

from .dims import Dims
from .flow import Cluster, Vertex
from .labels import cluster_words, words
from .titles import width_of

WIDTH = 34  # characters of a box's line of arguments
SHORT = 10  # of a block's class and name in one line
TITLE = 14  # of a block's: narrow, to stand beside the trunk
LEAST = 10  # of a line with wide letters
LARGE, SMALL = 11, 9  # points


def label(vertex: Vertex, names: Dims) -> str:
    """An operation: what it is in bold, the submodule's name, and the arguments below."""
    what, name, detail = words(vertex, names)
    head = f"<b>{escape(what)}</b>" + (f"  {_small(name)}" if name else "")
    return f"<{head}{''.join(f'<br/>{_small(line)}' for line in _lines(detail, WIDTH))}>"


def title(cluster: Cluster) -> str:
    """A cluster: block and configuration, or the group's name. It is twice as wide as its words: see `titles`."""
    what, name, given = cluster_words(cluster)
    again = " (again)" if cluster.again else ""
    if cluster.branch is not None:
        return _table([(f"<i>{escape(what)}</i>", width_of(what, LARGE))])
    beside = bool(name) and len(what) + len(name) < SHORT
    head = f"<b>{escape(what)}</b>" + f"  {_small(name)}" * beside + escape(again) * (beside or not name)
    first = width_of(what, LARGE, bold=True) + width_of(f"  {name}", SMALL) * beside + width_of(again, LARGE)
    said = name + again if name and not beside else ""
    most = max(TITLE, len(what), *map(len, said.split()))
    below = _lines(said, most) + _lines(given, most)
    return _table([(head, first), *((_small(line), width_of(line, SMALL)) for line in below)])


def _small(text: str) -> str:
    return f'<font point-size="{SMALL}">{escape(text)}</font>'


def _lines(text: str, width: int) -> list[str]:
    """Graphviz takes wide letters for narrower ones, so there is room for fewer."""
    wide = any(east_asian_width(letter) in "WF" for letter in text)
    return wrap(text, max(LEAST, width // 3) if wide else width, break_on_hyphens=False)


def _table(rows: list[tuple[str, float]]) -> str:
    """Lines, each with the width of its words, in a table of twice the greatest."""
    width = round(2 * max(width for _, width in rows)) + 8
    lines = "".join(f'<tr><td align="left">{line}</td></tr>' for line, _ in rows)
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="0" width="{width}">{lines}</table>>'
