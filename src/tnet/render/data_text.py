"""A survey of data as text: the parts, the classes, the fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..data.survey import FieldSurvey, Survey
from ..diagnostics import counted
from ..diagnostics.render.escape import escape as visible
from .terminal import UNLIMITED, rendered

SHOWN = 8
"""Numbers of a list that are shown."""


def survey_text(it: Survey, width: int = UNLIMITED) -> str:
    """The text of a survey, at most `width` columns wide."""
    tables = [_parts(it), *_classes(it), _fields(it)]
    facts = "\n".join(f"{name}: {value}" for name, value in it.facts.items())
    notes = [NOTE] if any(each.mean and each.kind == "image" for each in it.fields) else []
    if it.skipped:
        notes += ["\n".join([f"{counted(len(it.skipped), 'training sample')} skipped:", *map(visible, it.skipped)])]
    return "\n\n".join([*(rendered(each, width) for each in tables), *filter(None, [facts]), *notes])


NOTE = "mean and std of images are those of the training samples after `prepare`, in [0, 1] as `Normalize` takes them"


def _table(*heads: str, right: Sequence[int] = ()) -> object:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number in right else "left", overflow="fold")
    return table


def _parts(it: Survey) -> object:
    table = _table("part", "samples", right=[1])
    for part in it.parts:
        table.add_row(part.name, f"{part.samples:,}")
    return table


def _classes(it: Survey) -> Iterator[object]:
    with_classes = [part for part in it.parts if part.classes is not None]
    if not with_classes:
        return
    names = list(dict.fromkeys(name for part in with_classes for name in part.classes))
    table = _table("class", *(part.name for part in with_classes), right=range(1, len(with_classes) + 1))
    for name in names:
        table.add_row(visible(name), *(f"{part.classes.get(name, 0):,}" for part in with_classes))
    yield table


def _fields(it: Survey) -> object:
    table = _table("field", "type", "shape", "values", "mean", "std")
    for each in it.fields:
        values = f"{each.least:.6g} … {each.most:.6g}"
        kind = f"{each.dtype} {each.kind}" if each.kind else each.dtype
        table.add_row(visible(each.name), kind, shape(each), values, _numbers(each.mean), _numbers(each.std))
    return table


def shape(it: FieldSurvey) -> str:
    """`[3, 20 … 35, 24]`: dims that differ between samples as ranges."""
    dims = zip(it.smallest, it.largest, strict=True)
    return f"[{', '.join(str(low) if low == high else f'{low} … {high}' for low, high in dims)}]"


def _numbers(values: Sequence[float] | None) -> str:
    shown = [f"{value:.4f}" for value in values[:SHOWN]] if values else []
    more = f" … ({len(values)})" if values and len(values) > SHOWN else ""
    return ", ".join(shown) + more
