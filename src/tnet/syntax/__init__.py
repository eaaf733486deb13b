"""Text to syntax tree."""

from .foreign import foreign_names, without_modules
from .parser import parse, parse_expression, parse_stages
from .reading import LARGEST_FILE, decode, read
from .tokens import tokens
from .walk import children, dotted, used_names, walk

__all__ = [
    "LARGEST_FILE",
    "children",
    "decode",
    "dotted",
    "foreign_names",
    "parse",
    "parse_expression",
    "parse_stages",
    "read",
    "tokens",
    "used_names",
    "walk",
    "without_modules",
]
