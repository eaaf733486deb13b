"""The settings of a `train` section: which there are, and what each may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..data.calls import argument_span, bind, described_value, signature
from ..diagnostics import SpecError, did_you_mean, error
from ..ir.program import Setting
from ..ir.values import Call, Duration
from ..parameters.values import NormChoice

LATER = (
    "devices", "dtype", "distributed", "sync_batchnorm", "profile",
    "snoop",
)  # fmt: skip
"""Settings of the language that are not done yet."""

Check = Callable[[Setting], Any]


@dataclass(frozen=True)
class CompileChoice:
    """`compile = true | false | Compile(mode="max-autotune")`."""

    enabled: bool = True
    mode: str = "default"


@dataclass(frozen=True)
class CheckpointChoice:
    """`Checkpoint(every=1 epoch, keep=2, best="val.accuracy")`; `keep` counts those that are not the best."""

    every: Duration = Duration(1, "epochs")
    keep: int = 2
    best: str | None = None


@dataclass(frozen=True)
class PatienceChoice:
    """`Patience(5, monitor="val.loss")`: so many evaluations in a row may be no better than the best."""

    evaluations: int
    monitor: str = "val.loss"


@dataclass(frozen=True)
class SwaChoice:
    """`SWA(start=0.75, lr=0.05)`: from this share of the run on, at this constant rate, averaged at the end of each
    `every`; without `lr` the schedule goes on."""

    start: float = 0.75
    lr: float | None = None
    every: Duration = Duration(1, "epochs")

    def first(self, total_steps: int) -> int:
        """The steps done when averaging begins."""
        return round(self.start * total_steps)


@dataclass(frozen=True)
class DistillChoice:
    """`Distill("teacher.tnet", weights="t.safetensors", temperature=4, weight=1)`."""

    spec: str
    weights: str | None = None
    temperature: float = 4.0
    weight: float = 1.0


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


def one_of(*done: str, later: Sequence[str] = ()) -> Check:
    def check(setting: Setting) -> str:
        value = word(setting.value)
        if value in later:
            raise error("TN0001", f'`{setting.name} = "{value}"` is not done yet', setting.value_span)
        if value not in done:
            wanted = " or ".join(f'"{each}"' for each in done)
            raise wrong(setting, wanted, did_you_mean(value, done) if isinstance(value, str) else None)
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


def text(setting: Setting) -> str:
    if not isinstance(setting.value, str) or not setting.value:
        raise wrong(setting, "text")
    return setting.value


def name(setting: Setting) -> str | None:
    """`net = Name` has been followed by the compiler; here it is a name like any."""
    return str(word(setting.value))


def compiling(setting: Setting) -> CompileChoice:
    if isinstance(setting.value, bool):
        return CompileChoice(setting.value)
    if not isinstance(setting.value, Call) or setting.value.name != "Compile":
        raise wrong(setting, "true, false or `Compile(…)`")
    import torch._inductor

    expected = signature(_compile)
    mode = bind(setting.value, expected).get("mode", "default")
    modes = list(dict.fromkeys(["default", *torch._inductor.list_mode_options()]))
    if mode not in modes:
        advice = did_you_mean(mode, modes) or f"there are {', '.join(modes)}"
        place = argument_span(setting.value, "mode", expected)
        raise error("TN0802", f'`torch.compile` has no mode "{mode}"', place, help=advice)
    return CompileChoice(True, mode)


def _compile(mode: str = "default") -> None: ...


def checkpoint(setting: Setting) -> CheckpointChoice | None:
    if setting.value is None or setting.value is False:
        return None
    if not isinstance(setting.value, Call) or setting.value.name != "Checkpoint":
        raise wrong(setting, "`Checkpoint(…)` or none", "such as `Checkpoint(every=1 epoch, keep=3)`")
    call = setting.value
    choice = CheckpointChoice(**bind(call, signature(CheckpointChoice)))
    if choice.every.value <= 0:
        raise error("TN0802", "`every` of `Checkpoint` must be above 0", call.spans.get("every", call.span))
    if choice.keep < 1:
        raise error("TN0802", "`keep` of `Checkpoint` must be at least 1", call.spans.get("keep", call.span))
    return choice


def norm(setting: Setting) -> NormChoice:
    value = setting.value
    if isinstance(value, Call) and value.name == "Norm":
        value = (found := bind(value, signature(_norm)))["largest"]
        choice = NormChoice(float(value), float(found.get("type", 2.0)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        choice = NormChoice(float(value))
    else:
        raise wrong(setting, "a number or `Norm(…)`", "such as `1.0` or `Norm(20, type=1)`")
    if not choice.largest > 0:
        raise wrong(setting, "a number above 0")
    return choice


def _norm(largest: float, type: float = 2.0) -> None: ...


def patience(setting: Setting) -> PatienceChoice:
    call = setting.value
    if not isinstance(call, Call) or call.name != "Patience":
        raise wrong(setting, "`Patience(…)`", 'such as `Patience(5, monitor="val.loss")`')
    choice = PatienceChoice(**bind(call, signature(PatienceChoice)))
    if choice.evaluations < 1:
        place = call.spans.get("evaluations", call.spans.get(0, call.span))
        raise error("TN0802", "`Patience` lasts at least 1 evaluation", place)
    return choice


def swa(setting: Setting) -> SwaChoice:
    value = (
        Call(setting.value.name, (), {}, True, setting.value.span) if word(setting.value) == "SWA" else setting.value
    )
    if not isinstance(value, Call) or value.name != "SWA":
        raise wrong(setting, "`SWA(…)`", "such as `SWA(start=0.75, lr=0.05)`")
    choice = SwaChoice(**bind(value, signature(SwaChoice)))
    faults = {
        "start": "is a share of the run, from 0 on and below 1" if not 0 <= choice.start < 1 else None,
        "lr": "must be above 0" if choice.lr is not None and not choice.lr > 0 else None,
        "every": "must be above 0" if choice.every.value <= 0 else None,
    }
    for name, fault in faults.items():
        if fault:
            place = argument_span(value, name, signature(SwaChoice))
            raise error("TN0802", f"`{name}` of `SWA` {fault}", place)
    return choice


def distill(setting: Setting) -> DistillChoice:
    call = setting.value
    if not isinstance(call, Call) or call.name != "Distill":
        raise wrong(setting, "`Distill(…)`", 'such as `Distill("teacher.tnet", weights="t.safetensors")`')
    choice = DistillChoice(**bind(call, signature(DistillChoice)))
    for name in ("temperature", "weight"):
        if not getattr(choice, name) > 0:
            place = argument_span(call, name, signature(DistillChoice))
            raise error("TN0802", f"`{name}` of `Distill` must be above 0", place)
    return choice


def logs(setting: Setting) -> tuple[str, ...]:
    value = setting.value if isinstance(setting.value, list | tuple) else [setting.value]
    names = [word(each) for each in value]
    for each in names:
        if each != "tensorboard":
            advice = did_you_mean(each, ["tensorboard"]) if isinstance(each, str) else None
            raise error(
                "TN0802", f"`log` knows `tensorboard`, not {described_value(each)}", setting.value_span, help=advice
            )
    return tuple(names)


PLAIN: dict[str, Check] = {
    "epochs": whole(1),
    "steps": whole(1),
    "batch": whole(1),
    "schedule_per": one_of("epoch", "step"),
    "seed": whole(0),
    "precision": one_of("fp32", "bf16", later=["fp16"]),
    "matmul": one_of("highest", "high", "medium"),
    "compile": compiling,
    "device": device,
    "threads": whole(1),
    "deterministic": switch,
    "benchmark": switch,
    "channels_last": switch,
    "anomaly": switch,
    "evaluate": duration,
    "checkpoint": checkpoint,
    "log": logs,
    "log_every": whole(1),
    "clip_norm": norm,
    "clip_value": above_zero(),
    "mixup": above_zero(),
    "cutmix": above_zero(),
    "ema": above_zero(below=1),
    "swa": swa,
    "distill": distill,
    "early_stop": patience,
    "accumulate": whole(1),
    "on_nan": one_of("stop", "skip", "rollback"),
    "net": name,
    "weights": text,
}
"""Each setting that stands for itself, with its check, which gives the value. `recipe` adds those that read the net."""
