"""From what the parser has recognised to nodes of the syntax tree.

The parser calls these methods bottom-up, so nothing here recurses. Every child is a token, a node, `Parts`, or None
where an optional part is absent; all have spans.
"""

from .bodies import Bodies
from .declarations import Declarations
from .sections import Sections
from .values import Values


class Builder(Values, Bodies, Sections, Declarations):
    """A method for each rule of the grammar; it holds no state."""


__all__ = ["Builder"]
