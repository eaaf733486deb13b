"""Checks of settings that are numbers, words, switches or durations: each gives the value, or raises SpecError."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ..data.calls import described_value
from ..diagnostics import SpecError, did_you_mean, error
from ..ir.graph import DTypeRef
from ..ir.program import Setting
from ..ir.values import Call, Duration
from .dtypes import KNOWN

Check = Callable[[Setting], Any]


def wrong(setting: Setting, wanted: str, help: str | None = None) -> SpecError:
    """``epochs` is a whole number from 1 on, not true`, to be raised."""
    message = f"`{setting.name}` is {wanted}, not {described_value(setting.value)}"
    return error("TN0802", message, setting.value_span, help=help)


def whole(least: int) -> Check:
    def check(setting: Setting) -> int:
        if not isinstance(setting.value, int) or isinstance(setting.value, bool) or setting.value < least:
            raise wrong(setting, f"a whole number from {least} on")
        return setting.value

    return check


def above_zero(below: float = math.inf) -> Check:
    def check(setting: Setting) -> float:
        value = setting.value
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < below:
            raise wrong(setting, "a number above 0" + ("" if below == math.inf else f" and below {below:g}"))
        return float(value)

    return check


def switch(setting: Setting) -> bool:
    if not isinstance(setting.value, bool):
        raise wrong(setting, "true or false")
    return setting.value


def one_of(*known: str) -> Check:
    def check(setting: Setting) -> str:
        value = word(setting.value)
        if value not in known:
            wanted = " or ".join(f'"{each}"' for each in known)
            raise wrong(setting, wanted, did_you_mean(value, known) if isinstance(value, str) else None)
        return value

    return check


def word(value: Any) -> Any:
    """A bare name that means nothing to torch is text (`device = cpu`)."""
    return value.name if isinstance(value, Call) and not value.called else value


def duration(setting: Setting) -> Duration | None:
    if setting.value is not None and not (isinstance(setting.value, Duration) and setting.value.value > 0):
        raise wrong(setting, "a duration, or none", "such as `1 epoch` or `500 steps`")
    return setting.value


def device(setting: Setting) -> str:
    """A device of torch's, which need not be there until a run starts."""
    value = word(setting.value)
    if value == "auto":
        return value
    try:
        return str(torch.device(value)) if isinstance(value, str) else torch.device("")
    except RuntimeError:
        raise wrong(setting, '"auto" or a device of torch, such as "cpu" or "cuda:1"') from None


def devices(setting: Setting) -> str | None:
    """`devices = [1]`, the CUDA device of that number. Raises SpecError, TN0001 for several."""
    numbers = setting.value
    if isinstance(numbers, int) and not isinstance(numbers, bool):
        numbers = [numbers]
    if not isinstance(numbers, list | tuple) or not numbers or not all(type(n) is int and n >= 0 for n in numbers):
        raise wrong(setting, "a list of the numbers of CUDA devices", "such as `[0]`")
    if len(numbers) > 1:
        message = "several `devices` take several processes, which are not done yet"
        raise error("TN0001", message, setting.value_span, help="name one of them")
    return f"cuda:{numbers[0]}"


def float_dtype(setting: Setting) -> str:
    value = setting.value.name if isinstance(setting.value, DTypeRef) else word(setting.value)
    if value not in KNOWN:
        known = ", ".join(f'"{each}"' for each in KNOWN)
        advice = did_you_mean(value, KNOWN) if isinstance(value, str) else None
        raise wrong(setting, f"one of {known}", advice)
    return value


def text(setting: Setting) -> str:
    if not isinstance(setting.value, str) or not setting.value:
        raise wrong(setting, "text")
    return setting.value


def named(setting: Setting) -> str:
    """`net = Name` has been followed by the compiler; here it is a name like any."""
    return str(word(setting.value))
