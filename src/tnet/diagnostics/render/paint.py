"""ANSI colours, on request."""

from __future__ import annotations

from dataclasses import dataclass

_SEVERITIES = {"error": "1;31", "warning": "1;33"}


@dataclass(frozen=True)
class Paint:
    """Colours text if `on`, else gives it back as it is."""

    on: bool = False

    def severity(self, severity: str, text: str) -> str:
        return self._with(_SEVERITIES.get(severity, "1"), text)

    def strong(self, text: str) -> str:
        return self._with("1", text)

    def gutter(self, text: str) -> str:
        return self._with("34", text)

    def label(self, text: str) -> str:
        return self._with("1;36", text)

    def _with(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.on and text else text
