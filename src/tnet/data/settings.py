"""The settings of a data section: each with its check, which gives the value."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..diagnostics import did_you_mean, error
from ..ir.program import Setting
from .calls import described_value
from .sources.registry import JoinedChoice, SourceChoice
from .sources.registry import choose as choose_source

STAGES = ("augment", "prepare", "transform")


def read_setting(setting: Setting) -> Any:
    """The checked value of a setting. Raises SpecError (TN0001, TN0701, TN0704)."""
    if setting.name in STAGES:
        raise error(
            "TN0704", f"`{setting.name}` is a pipeline, not a setting with one value", setting.span,
            help=f"write its steps in the spec: `{setting.name}: {{ … }}`",
        )  # fmt: skip
    if setting.name not in SETTINGS:
        advice = ELSEWHERE.get(setting.name) or did_you_mean(setting.name, [*SETTINGS, *STAGES])
        raise error("TN0704", f"unknown data setting `{setting.name}`", setting.span, help=advice)
    return SETTINGS[setting.name](setting)


def _split(setting: Setting) -> tuple[int | float, ...]:
    value = setting.value
    numbers = isinstance(value, list | tuple) and all(isinstance(v, int | float) and v is not True for v in value)
    if numbers and (wrong := [part for part in value if part <= 0]):
        message = f"shares and counts of `split` are above 0, not {wrong[0]:g}"
        raise error("TN0704", message, setting.value_span)
    if not numbers or len(value) not in (2, 3):
        raise error(
            "TN0704", f"`split` is two or three shares or counts above 0, not {described_value(value)}",
            setting.value_span, help="write `split = [0.9, 0.1]`, or counts of samples",
        )  # fmt: skip
    shares = any(isinstance(part, float) for part in value)
    if shares and not math.isclose(sum(value), 1.0, abs_tol=1e-6):
        raise error("TN0704", f"the shares of `split` sum to {sum(value):g}, not 1", setting.value_span)
    return tuple(value)


def _whole(least: int, or_auto: bool) -> Callable[[Setting], Any]:
    def check(setting: Setting) -> Any:
        value = setting.value
        if or_auto and value == "auto" or isinstance(value, int) and value is not True and value >= least:
            return value
        kinds = f"a whole number from {least} on" + (' or "auto"' if or_auto else "")
        message = f"`{setting.name}` is {kinds}, not {described_value(value)}"
        raise error("TN0704", message, setting.value_span)

    return check


def _switch(setting: Setting) -> bool | str:
    if isinstance(setting.value, bool) or setting.value == "auto":
        return setting.value
    message = f'`{setting.name}` is true, false or "auto", not {described_value(setting.value)}'
    raise error("TN0704", message, setting.value_span)


def _column(setting: Setting) -> str:
    if not isinstance(setting.value, str):
        message = f"`by` is the name of a column, not {described_value(setting.value)}"
        raise error("TN0704", message, setting.value_span)
    return setting.value


def _number(setting: Setting) -> int | float:
    if isinstance(setting.value, bool) or not isinstance(setting.value, int | float):
        raise error("TN0704", f"`pad` is a number, not {described_value(setting.value)}", setting.value_span)
    return setting.value


def _bad_sample(setting: Setting) -> str:
    if setting.value not in ("stop", "skip"):
        message = f'`on_bad_sample` is "stop" or "skip", not {described_value(setting.value)}'
        raise error("TN0704", message, setting.value_span)
    return setting.value


def _decode(setting: Setting) -> str:
    if setting.value in ("full", "scaled"):
        return setting.value
    message = f'`decode` is "full" or "scaled", not {described_value(setting.value)}'
    raise error("TN0704", message, setting.value_span)


def _source(setting: Setting) -> SourceChoice | JoinedChoice:
    return choose_source(setting.value, setting.value_span)


SETTINGS: dict[str, Callable[[Setting], Any]] = {
    "train": _source,
    "val": _source,
    "test": _source,
    "split": _split,
    "split_seed": _whole(0, or_auto=False),
    "by": _column,
    "views": _whole(1, or_auto=False),
    "pad": _number,
    "on_bad_sample": _bad_sample,
    "workers": _whole(0, or_auto=True),
    "pin_memory": _switch,
    "prefetch": _whole(1, or_auto=True),
    "cache": _switch,
    "decode": _decode,
}
"""Each setting of a data section with its check, which gives the value."""


ELSEWHERE = {
    **dict.fromkeys(("batch", "batch_size"), "write `batch = …` in `train`"),
    **dict.fromkeys(
        ("seed", "random_state"), "order and augmentation follow `seed` of `train`, the split `split_seed`"
    ),
    "shuffle": "leave it out: training samples come in a new order in each epoch",
    "drop_last": "leave it out: the last, smaller batch of an epoch is used",
    "download": 'it is an argument of the source: `MNIST("data", download=true)`',
}
"""What other libraries say where the data is said, and where it stands here."""
