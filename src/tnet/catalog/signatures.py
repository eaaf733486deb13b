"""Signatures of layer constructors, read from the classes."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from torch import nn

FACTORY_ARGUMENTS = frozenset({"device", "dtype"})
"""Where and in which dtype a layer is made is for `train` to say."""


@cache
def constructor_signature(cls: type) -> inspect.Signature:
    """The constructor's signature without `self`, and without `device` and `dtype`.

    LSTM, GRU and RNN take `RNNBase`'s without `mode`: their own says `*args, **kwargs`.
    """
    init = nn.RNNBase.__init__ if issubclass(cls, nn.RNNBase) and cls is not nn.RNNBase else cls.__init__
    parameters = list(inspect.signature(init).parameters.values())[1:]
    hidden = FACTORY_ARGUMENTS | ({"mode"} if init is nn.RNNBase.__init__ and cls is not nn.RNNBase else frozenset())
    return inspect.Signature([each for each in parameters if each.name not in hidden and each.name != "_weight"])


def takes_layer_class(parameter: inspect.Parameter) -> bool:
    """Whether an argument wants something to call that makes a layer (`norm_layer=BatchNorm2d`), by its annotation."""
    text = str(parameter.annotation)
    if "Callable" in text and "Module" in text:
        return True
    return inspect.isclass(parameter.default) and issubclass(parameter.default, nn.Module)


def takes_function(parameter: inspect.Parameter) -> bool:
    """Whether an argument wants a function from tensors to tensors (`activation=gelu`), by its annotation."""
    text = str(parameter.annotation)
    return "Callable" in text and "Tensor" in text


def floats_for(parameter: inspect.Parameter | None, value: Any) -> tuple[float, ...] | None:
    """The numbers of a list that stands where an argument wants a tensor, by its annotation; None for all else."""
    text = str(parameter.annotation) if parameter else ""
    if "Tensor" not in text or "Callable" in text or not isinstance(value, list) or not value:
        return None
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in value)
    return tuple(map(float, value)) if numbers else None
