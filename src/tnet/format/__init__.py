"""Trees and comments to canonical text."""

from .formatter import format_source, format_tree

__all__ = ["format_source", "format_tree"]
