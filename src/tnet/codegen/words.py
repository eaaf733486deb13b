"""Identifiers: made valid, numbered, put together."""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterator
from itertools import chain, count

AMBIGUOUS = ("l", "I", "O")


def clean(name: str) -> str:
    """A name that Python takes and that is not mistaken for a digit."""
    return f"{name}_" if keyword.iskeyword(name) or not name.isidentifier() or name in AMBIGUOUS else name


def numbered(name: str) -> Iterator[str]:
    """The name with 2, 3, … behind it, without end."""
    return (f"{name}{number}" for number in count(2))


def unused(name: str, taken: Container[str]) -> str:
    """The name, or the name with the first number that makes it new."""
    return next(each for each in chain([name], numbered(name)) if each not in taken)


def unnumbered(name: str) -> str:
    return name.rstrip("0123456789_") or name


def camel_case(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split("_+", name))
