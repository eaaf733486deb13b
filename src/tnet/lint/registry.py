"""The lints by code, each entered where it is defined."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic

if TYPE_CHECKING:
    from .context import Context

Check = Callable[["Context"], Iterable[Diagnostic]]


@dataclass(frozen=True)
class Lint:
    """A check, and the module whose docstring is its page; `WRONG` and `RIGHT` there are whole specs."""

    code: str
    check: Check

    @property
    def module(self) -> ModuleType:
        return sys.modules[self.check.__module__]


LINTS: dict[str, Lint] = {}


def lint(code: str) -> Callable[[Check], Check]:
    """Enter a function as the check of a lint."""

    def enter(check: Check) -> Check:
        assert code not in LINTS, f"two lints {code}"
        LINTS[code] = Lint(code, check)
        return check

    return enter
