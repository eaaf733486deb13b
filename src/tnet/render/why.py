"""`tnet why`: the properties of parameters as a table, those that are alike told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from ..parameters.why import Provenance, Reason
from ..source import Source, Span
from .terminal import UNLIMITED, rendered

INSTEAD = "  instead of"


@dataclass(frozen=True)
class Why:
    """What `print` shows: parameters with their properties, each with the rule and line that set it. Places in
    `source` are lines, those elsewhere are written out."""

    parameters: Sequence[Provenance]
    source: Source

    def table(self, width: int = UNLIMITED) -> str:
        """The text, at most `width` columns wide: what is longer is folded, never cut."""
        alike: dict[tuple, list[Provenance]] = {}
        for each in self.parameters:
            alike.setdefault(tuple(self._rows(each)), []).append(each)
        parts = [f"{self._names(members, width)}\n\n{_properties(rows, width)}" for rows, members in alike.items()]
        return "\n\n\n".join([*parts, *([self._total()] if len(self.parameters) > 1 else [])])

    def __str__(self) -> str:
        return self.table()

    def data(self) -> list[dict[str, Any]]:
        """For programs: a map for each parameter, each property with the value, what set it, and what that overrode."""
        return [
            {
                "name": each.site.name, "dtype": each.site.dtype, "shape": list(each.site.shape),
                "elements": prod(each.site.shape), "gradient": each.gradient, "at": _place(each.site.span),
                "properties": {name: self._reason(reason) for name, reason in each.reasons.items()},
            }
            for each in self.parameters
        ]  # fmt: skip

    def _reason(self, reason: Reason) -> dict[str, Any]:
        first, *before = [{"value": each.shown, "by": each.by, "at": _place(each.span)} for each in reason.history()]
        return first | {"overrode": before}

    def _rows(self, provenance: Provenance) -> Iterator[tuple[str, str, str, str]]:
        """Property, value, line and what set it, each followed by what it overrode."""
        for name, reason in provenance.reasons.items():
            for number, each in enumerate(reason.history()):
                yield INSTEAD if number else name, each.shown, self._line(each.span), each.by

    def _names(self, members: Sequence[Provenance], width: int) -> str:
        sites = [each.site for each in members]
        rows = [
            (
                site.name,
                f"{site.dtype}{list(site.shape)}",
                f"{prod(site.shape):,}",
                each.gradient,
                self._line(site.span),
            )
            for site, each in zip(sites, members, strict=True)
        ]
        return _table(("parameter", "type", "elements", "gradient", "line"), rows, ("elements", "line"), width)

    def _line(self, span: Span | None) -> str:
        if span is None:
            return ""
        return str(span.line) if span.source == self.source else span.place

    def _total(self) -> str:
        elements = sum(prod(each.site.shape) for each in self.parameters)
        return f"{len(self.parameters):,} parameters of {elements:,} elements"


def _place(span: Span | None) -> str | None:
    return span.place if span else None


def _properties(rows: Sequence[tuple[str, ...]], width: int) -> str:
    return _table(("property", "value", "line", "set by"), rows, ("line",), width)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str], width: int) -> str:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold", justify="right" if title in right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return rendered(table, width)
