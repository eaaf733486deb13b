"""Data sections and nets without the compiler, for tests of the data stage alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tnet.data.recipe import DataRecipe, resolve
from tnet.diagnostics import SpecError
from tnet.ir.graph import Module, Net, Value
from tnet.ir.program import DataSection, Pipeline, Setting
from tnet.ir.types import TensorType
from tnet.ir.values import Call
from tnet.source import Source

TEXT = Source("spec.tnet", "data { }" + " " * 100)
SPAN = TEXT.span(0, 4)


def call(name: str, /, *args: Any, **kwargs: Any) -> Call:
    return Call(name, args, kwargs, True, SPAN)


def net(*dims: int | str, dtype: str = "float32", classes: int = 10, name: str = "image") -> Net:
    value = Value(name, TensorType(dtype, ("N", *dims)), SPAN)
    return Net("Net", Module("net", "Net", [value]), ((None, TensorType("float32", ("N", classes))),), {"N": None})


def section(pipelines: dict[str, list[Call]] | None = None, **settings: Any) -> DataSection:
    values = {name: Setting(name, value, SPAN, SPAN) for name, value in settings.items()}
    stages = {name: Pipeline(tuple(steps), SPAN) for name, steps in (pipelines or {}).items()}
    return DataSection(None, SPAN, values, stages)


def recipe(taking: Net, pipelines: dict[str, list[Call]] | None = None, **settings: Any) -> DataRecipe:
    found, diagnostics = resolve(section(pipelines, **settings), taking)
    assert not diagnostics, diagnostics
    return found


def refused(work: Callable, code: str) -> str:
    """The message and help of the one diagnostic of that code that `work` ends in."""
    with pytest.raises(SpecError) as caught:
        work()
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == code, diagnostic
    return diagnostic.message + (f" | {diagnostic.help}" if diagnostic.help else "")
