"""The settings of a `train` section: which there are, and what each may be."""

from __future__ import annotations

from ..data.calls import argument_span, bind, described_value, signature
from ..data.settings import SETTINGS as DATA_SETTINGS
from ..data.settings import STAGES
from ..diagnostics import did_you_mean, error
from ..ir.program import Setting
from ..ir.values import Call
from ..parameters.values import NormChoice
from .choices import CheckpointChoice, DistillChoice, PatienceChoice, ProfileChoice, SwaChoice
from .compile_options import compiling
from .setting_values import (
    Check,
    above_zero,
    device,
    devices,
    duration,
    float_dtype,
    named,
    one_of,
    switch,
    text,
    whole,
    word,
    wrong,
)

LATER = {"distributed": "training in several processes comes later"}
"""Settings of the language that are not done yet, with what there is to say of them."""


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
        found = bind(value, signature(_norm))
        choice = NormChoice(float(found["largest"]), float(found.get("type", 2.0)))
        if not choice.type > 0:
            place = argument_span(value, "type", signature(_norm))
            raise error("TN0802", "`type` of `Norm` must be above 0", place)
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


def profile(setting: Setting) -> ProfileChoice | None:
    value = setting.value
    if value is False:
        return None
    if value is True or word(value) == "Profile":
        return ProfileChoice()
    if not isinstance(value, Call) or value.name != "Profile":
        raise wrong(setting, "`Profile(…)`, true or false", "such as `Profile(steps=10)`")
    choice = ProfileChoice(**bind(value, signature(ProfileChoice)))
    for argument in ("steps", "skip"):
        if getattr(choice, argument) < 1:
            place = argument_span(value, argument, signature(ProfileChoice))
            raise error("TN0802", f"`{argument}` of `Profile` must be at least 1", place)
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


OF_THE_LOSS = "it is an argument of the loss: `CrossEntropyLoss({})`"
ELSEWHERE = {
    **dict.fromkeys((*DATA_SETTINGS, *STAGES), "it is a setting of `data`"),
    **dict.fromkeys(("num_workers", "n_workers"), "write `workers = …` in `data`"),
    "shuffle": "leave it out: training samples come in a new order in each epoch",
    "drop_last": "leave it out: the last, smaller batch of an epoch is used",
    "label_smoothing": OF_THE_LOSS.format("label_smoothing=…"),
    **dict.fromkeys(("class_weight", "class_weights"), OF_THE_LOSS.format("weight=[…]")),
    **dict.fromkeys(
        ("warmup", "warmup_steps", "warmup_epochs"),
        "it is a stage of the schedule: `schedule = LinearLR(start_factor=0.01) for 5 epochs -> …`",
    ),
    **dict.fromkeys(("gpu", "gpus", "accelerator", "cuda"), 'write `device = "cuda"`'),
    "resume": "it is an option of the command: `tnet train … --resume`",
}
"""What other libraries set where training is set, and where it stands here."""

PLAIN: dict[str, Check] = {
    "epochs": whole(1),
    "steps": whole(1),
    "batch": whole(1),
    "schedule_per": one_of("epoch", "step"),
    "seed": whole(0),
    "precision": one_of("fp32", "bf16", "fp16"),
    "dtype": float_dtype,
    "matmul": one_of("highest", "high", "medium"),
    "compile": compiling,
    "device": device,
    "devices": devices,
    "threads": whole(1),
    "deterministic": switch,
    "benchmark": switch,
    "channels_last": switch,
    "sync_batchnorm": switch,
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
    "profile": profile,
    "snoop": switch,
    "early_stop": patience,
    "accumulate": whole(1),
    "on_nan": one_of("stop", "skip", "rollback"),
    "net": named,
    "weights": text,
}
"""Each setting that stands for itself, with its check, which gives the value. `recipe` adds those that read the net."""
