"""`compile = true | false | Compile(…)`, with what `torch.compile` takes.

Source: https://docs.pytorch.org/docs/stable/generated/torch.compile.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch

from ..data.calls import argument_span, bind, described_value, signature
from ..diagnostics import SpecError, did_you_mean, error
from ..ir.program import Setting
from ..ir.values import Call
from .choices import CompileChoice
from .setting_values import wrong

INDUCTOR = "inductor"
"""The backend that `mode` and `options` are for."""


def compiling(setting: Setting) -> CompileChoice:
    """Raises SpecError (TN0301 to TN0303, TN0802, TN0803), for what torch does not know with what it does."""
    if isinstance(setting.value, bool):
        return CompileChoice(setting.value)
    if not isinstance(setting.value, Call) or setting.value.name != "Compile":
        raise wrong(setting, "true, false or `Compile(…)`", 'such as `Compile(mode="max-autotune")`')
    call = setting.value
    given = bind(call, EXPECTED)
    for check in (_check_backend, _check_mode, _check_options, _check_together):
        check(call, given)
    return CompileChoice(True, **given)


def _arguments(
    mode: str = "default",
    dynamic: bool | None = None,
    backend: str = INDUCTOR,
    options: Mapping[str, Any] | None = None,
) -> None:
    """What a spec may say of a compilation; that it is one graph is not the author's to say."""


EXPECTED = signature(_arguments)


def _check_backend(call: Call, given: Mapping[str, Any]) -> None:
    if "backend" in given and given["backend"] not in torch.compiler.list_backends(exclude_tags=()):
        raise _unknown(call, "backend", "backend", given["backend"], torch.compiler.list_backends())


def _check_mode(call: Call, given: Mapping[str, Any]) -> None:
    if "mode" in given:
        import torch._inductor

        modes = list(dict.fromkeys(["default", *torch._inductor.list_mode_options()]))
        if given["mode"] not in modes:
            raise _unknown(call, "mode", "mode", given["mode"], modes)


def _check_options(call: Call, given: Mapping[str, Any]) -> None:
    options = given.get("options") or {}
    if not options:
        return
    import torch._inductor

    known = torch._inductor.list_options()
    for name in options:
        if name not in known:
            raise _unknown(call, "options", "option", name, known)
        if not isinstance(options[name], bool | int | float):
            message = f"`options` of `Compile` are switches and numbers; `{name}` is {described_value(options[name])}"
            raise error("TN0802", message, _place(call, "options"), help="texts would name files and programs")
    try:
        torch.compile(lambda: None, options=dict(options))
    except RuntimeError as problem:
        reason = str(problem).strip().splitlines()[0].rstrip(".")
        raise error("TN0802", f"`torch.compile` rejects this: {reason}", _place(call, "options")) from problem


def _check_together(call: Call, given: Mapping[str, Any]) -> None:
    if "mode" in given and given.get("options"):
        message = "`mode` is a set of options; `Compile` takes `mode` or `options`"
        raise error("TN0803", message, _place(call, "options"), help="leave one of them out")
    for name in ("mode", "options"):
        if name in given and given.get("backend", INDUCTOR) != INDUCTOR:
            message = f'`{name}` is for the backend "{INDUCTOR}", not "{given["backend"]}"'
            raise error("TN0803", message, _place(call, name), help=f"leave `{name}` out")


def _unknown(call: Call, argument: str, kind: str, value: Any, known: Iterable[str]) -> SpecError:
    known = list(known)
    listed = ", ".join(known) if len(known) < SHOWN else "`torch._inductor.list_options()` names them"
    advice = (did_you_mean(value, known) if isinstance(value, str) else None) or f"there are {listed}"
    return error("TN0802", f'`torch.compile` has no {kind} "{value}"', _place(call, argument), help=advice)


SHOWN = 20
"""Names up to which all are listed."""


def _place(call: Call, argument: str) -> Any:
    return argument_span(call, argument, EXPECTED)
