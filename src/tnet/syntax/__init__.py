"""Text to syntax tree."""

from .parser import parse, parse_expression, parse_stages
from .reading import LARGEST_FILE, decode, read
from .tokens import tokens
from .walk import children, used_names, walk

__all__ = [
    "LARGEST_FILE",
    "children",
    "decode",
    "parse",
    "parse_expression",
    "parse_stages",
    "read",
    "tokens",
    "used_names",
    "walk",
]
