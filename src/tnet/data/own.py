"""Calls of the user's own classes and functions: arguments by their signature, and what they raise as a diagnostic."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ..catalog.python import OwnFunction, place_of
from ..diagnostics import error
from ..ir.values import Call
from ..parameters.arguments import lowered
from .calls import bind, described_value, signature

RAISED = (Exception, SystemExit)
"""What running own code may end in, but for the user's wish to stop."""


def target_of(call: Call) -> Callable:
    """The class or function itself."""
    return call.target.call if isinstance(call.target, OwnFunction) else call.target.cls


def expected(call: Call) -> inspect.Signature:
    """The signature, without the annotations that ask for a callable: own code may be given own code.

    Raises SpecError (TN0206) for a class or function that has none.
    """
    try:
        found = signature(target_of(call))
    except Exception as problem:  # annotations are the user's code as well
        raise error("TN0206", f"the signature of `{call.name}` cannot be read: {problem}", call.name_span) from problem
    return found.replace(parameters=[_open(each) for each in found.parameters.values()])


def _open(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(annotation=parameter.empty) if "Callable" in str(parameter.annotation) else parameter


def arguments_of(call: Call, names: inspect.Signature) -> dict[str, Any]:
    """The arguments by name, not built yet. Raises SpecError (TN0301, TN0302, TN0303)."""
    found = bind(call, names)
    for value in found.values():
        _check_inner(value)
    return found


def _check_inner(value: Any) -> None:
    for each in value if isinstance(value, list | tuple) else [value]:
        if isinstance(each, Call) and each.target is None:
            message = f"{described_value(each)} is nothing that own Python code can be given"
            raise error("TN0303", message, each.span, help="give numbers, text, lists, or what `use` brings")
        if isinstance(each, Call) and each.called:
            arguments_of(each, expected(each))


def built(value: Any) -> Any:
    """An argument as Python has it: own code in it is made first, a bare name stands for itself."""
    if isinstance(value, list | tuple):
        return type(value)(map(built, value))
    if not isinstance(value, Call):
        return value
    target = target_of(value)
    return target(**made(arguments_of(value, expected(value)))) if value.called else target


def made(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: built(value) for name, value in arguments.items()}


def reason(problem: BaseException, target: Callable) -> str:
    """What code raised and where, ` at data.py:12: ValueError: no such clip`, the line being one of the user's file."""
    place = place_of(problem, file_of(target))
    text = str(problem).strip().splitlines()
    told = f"{type(problem).__name__}: {lowered(text[0])}" if text else type(problem).__name__
    return f" at {place}: {told}" if place else f": {told}"


def file_of(target: Callable) -> str | None:
    """The file that a class or function is written in."""
    try:
        return inspect.getsourcefile(target)
    except TypeError:
        return None


@contextmanager
def drawing(stream: int) -> Iterator[None]:
    """What code draws from the global generators of Python, NumPy and torch comes from a stream; they are put back."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(stream)
    np.random.seed(stream % 2**32)
    torch.default_generator.manual_seed(stream)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
