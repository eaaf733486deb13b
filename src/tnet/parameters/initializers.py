"""Values of `init`: functions of torch.nn.init, numbers, nested lists, `default`; checked before anything is drawn."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch

from ..diagnostics import Diagnostic, SpecError, did_you_mean, error
from ..ir.graph import InitRef
from ..ir.values import Call
from ..source import Span
from .arguments import bind, lowered, parameters, show
from .stored import find, stored, stored_shape
from .streams import generator, global_stream

DEFAULT = "default"
NUMBER = "number"
VALUES = "values"
FILE = "file"


@cache
def init_functions() -> dict[str, Any]:
    """The functions of torch.nn.init that change a tensor in place, by their names without the underscore."""
    found = {name[:-1]: each for name, each in vars(torch.nn.init).items() if re.fullmatch(r"[a-z]\w*[a-z]_", name)}
    return {name: each for name, each in sorted(found.items()) if inspect.isfunction(each)}


@cache
def init_parameters(name: str) -> dict[str, inspect.Parameter]:
    """The arguments that a spec may give to a function of torch.nn.init."""
    hidden = ("tensor", "generator")
    return {key: each for key, each in parameters(init_functions()[name]).items() if key not in hidden}


@dataclass(frozen=True)
class Init:
    """How a parameter gets its first values: a function of torch.nn.init with its arguments, `number`, `values`
    (a nested list), `file` (a tensor of a safetensors file) or `default` (what the layer's constructor gives)."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_default(self) -> bool:
        return self.name == DEFAULT

    @property
    def is_threadable(self) -> bool:
        """Whether all draws come from a generator that is handed over: `sparse_` permutes rows by the global one."""
        return self.name != "sparse"

    def __str__(self) -> str:
        if self.name in (NUMBER, VALUES):
            return show(self.arguments["value"])
        if self.name == FILE:
            return f"file({show(self.arguments['name'])}, {show(self.arguments['key'])})"
        given = ", ".join(f"{key}={show(value)}" for key, value in self.arguments.items())
        return f"{self.name}({given})" if given else self.name

    def complaint(self, shape: tuple[int, ...]) -> str | None:
        """Why this cannot give values to a tensor of that shape, or None. Draws nothing."""
        if self.name == VALUES:
            found = tuple(torch.tensor(self.arguments["value"]).shape)
            return None if found == shape else f"the list has shape {list(found)}"
        if self.name == FILE:
            found = stored_shape(self.arguments["path"], self.arguments["key"])
            return None if found == shape else f"the tensor in the file has shape {list(found)}"
        if self.name in (NUMBER, DEFAULT):
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                init_functions()[self.name](torch.empty(shape, device="meta"), **self.arguments)
        except (ValueError, RuntimeError, ArithmeticError) as problem:
            return lowered(str(problem))
        return None

    @torch.no_grad()
    def fill(self, tensor: torch.Tensor, seed: int, name: str) -> None:
        """Give the tensor its values, drawn from the stream of the parameter's name."""
        if self.name in (NUMBER, VALUES):
            tensor.copy_(torch.tensor(self.arguments["value"], dtype=tensor.dtype))
            return
        if self.name == FILE:
            tensor.copy_(stored(self.arguments["path"], self.arguments["key"]))
            return
        function = init_functions()[self.name]
        if not self.is_threadable:
            with global_stream(seed, name):
                function(tensor, **self.arguments)
        elif "generator" in parameters(function):
            function(tensor, **self.arguments, generator=generator(seed, name))
        else:
            function(tensor, **self.arguments)


def read_init(value: Any, span: Span | None) -> Init:
    """The value of an `init` property. Raises SpecError for what is none, with the nearest name."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Init(NUMBER, {"value": value})
    if isinstance(value, list):
        return _nested_list(value, span)
    if not isinstance(value, (Call, InitRef)):
        raise error(
            "TN0605", f"{show(value)} initialises nothing", span,
            help="write a function of torch.nn.init, a number, a nested list, `file(…)` or `default`",
        )  # fmt: skip
    if isinstance(value, InitRef):
        value = Call(value.name, kwargs=dict(value.kwargs), called=True, span=span)
    return _function(value, value.span or span)


def _function(call: Call, span: Span | None) -> Init:
    if call.name == DEFAULT and not call.called:
        return Init(DEFAULT)
    if call.name == FILE and call.called:
        arguments, spans = bind(call, parameters(_file), "TN0605", span)
        return Init(FILE, arguments | {"path": find(**arguments, spans=spans)})
    if call.name not in init_functions():
        bare = call.name.rstrip("_")
        known = [*init_functions(), DEFAULT, FILE]
        help = f"write `{bare}`" if bare in init_functions() else did_you_mean(call.name, known)
        raise error("TN0605", f"torch.nn.init has no function `{call.name}`", call.name_span or span, help=help)
    arguments, spans = bind(call, init_parameters(call.name), "TN0605", span)
    _check_ranges(call.name, arguments, spans)
    return Init(call.name, arguments)


def _file(name: str, key: str) -> None: ...


def _check_ranges(name: str, arguments: Mapping[str, Any], spans: Mapping[str, Span | None]) -> None:
    """What torch itself finds out only while drawing, or by never ending."""
    wrong: list[Diagnostic] = []
    every = {key: each.default for key, each in init_parameters(name).items()} | dict(arguments)

    def check(key: str, holds: bool, message: str) -> None:
        if not holds:
            place = next(filter(None, (spans.get(key), *spans.values())), None)
            wrong.append(Diagnostic("TN0605", "error", f"{message}, found {show(every[key])}", place))

    if "std" in every:
        needs_spread = name == "trunc_normal"
        text = f"`std` of `{name}` is {'above 0' if needs_spread else 'at least 0'}"
        check("std", every["std"] > 0 or (every["std"] == 0 and not needs_spread), text)
    if "sparsity" in every:
        check("sparsity", 0 <= every["sparsity"] <= 1, f"`sparsity` of `{name}` is between 0 and 1")
    if {"a", "b"} <= every.keys():
        check("b", every["a"] <= every["b"], f"`b` of `{name}` is at least `a`")
    if wrong:
        raise SpecError(wrong)


def _nested_list(value: list, span: Span | None) -> Init:
    try:
        is_numeric = torch.tensor(value).dtype is not torch.bool
    except (TypeError, ValueError, RuntimeError):
        is_numeric = False
    if not is_numeric:
        raise error("TN0605", "a list that initialises holds numbers, and inner lists of one length", span)
    return Init(VALUES, {"value": value})
