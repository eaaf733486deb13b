"""tnet: a PyTorch model and its training in one readable, fully checked file.

    spec = tnet.load("specs/resnet.tnet", depth=18)
    model = spec.model()

The names below are imported when first used, so that `import tnet` loads neither torch nor lark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .diagnostics import Diagnostic as Diagnostic
    from .diagnostics import Note as Note
    from .diagnostics import SpecError as SpecError
    from .opening import load as load
    from .opening import loads as loads
    from .source import Source as Source
    from .source import Span as Span
    from .spec import Spec as Spec

_HOMES = {
    "Diagnostic": ".diagnostics",
    "Note": ".diagnostics",
    "Source": ".source",
    "Span": ".source",
    "Spec": ".spec",
    "SpecError": ".diagnostics",
    "load": ".opening",
    "loads": ".opening",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("tnet")
        except PackageNotFoundError:  # imported from a checkout
            return "unknown"
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
