"""`models.NAME`: the builders in torchvision's registry, their weights, and prototypes that fetch nothing."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from threading import RLock
from typing import Any, get_args

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

PREFIX = "models."
FAMILIES = ("detection", "segmentation", "video", "optical_flow", "quantization")
"""The packages of torchvision.models beside the classifiers in it."""


@dataclass(frozen=True)
class ModelBuilder:
    """A builder with its registered name, `fcn_resnet50`, and the import path that generated source uses."""

    registered: str
    path: str
    build: Callable[..., nn.Module]

    @property
    def name(self) -> str:
        return PREFIX + self.registered

    @property
    def family(self) -> str | None:
        package = self.path.split(".")[2]
        return package if package in FAMILIES else None

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The builder's own arguments; others go on to the model's class."""
        found = inspect.signature(self.build).parameters.values()
        return {each.name: each for each in found if each.kind is not each.VAR_KEYWORD}

    @cached_property
    def weights(self) -> dict[str, tuple[str, ...]]:
        """The arguments that name pretrained weights, each with the names that it takes."""
        from torchvision.models import WeightsEnum

        enums = {
            name: [each for each in get_args(parameter.annotation) if issubclass(each, WeightsEnum)]
            for name, parameter in self.parameters.items()
            if name.startswith("weights")
        }
        return {name: tuple(member for each in found for member in each.__members__) for name, found in enums.items()}


@cache
def _table() -> dict[str, ModelBuilder]:
    from torchvision import models

    table: dict[str, ModelBuilder] = {}
    for registered in models.list_models():
        build = models.get_model_builder(registered)
        package = build.__module__.split(".")[2]
        place = f"{package}.{build.__name__}" if package in FAMILIES else build.__name__
        builder = ModelBuilder(registered, f"torchvision.models.{place}", build)
        table[registered] = table[place] = builder
    return table


def find_model(name: str) -> ModelBuilder | None:
    """The builder of `models.fcn_resnet50`, also written with its package, `models.segmentation.fcn_resnet50`."""
    return _table().get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None


def model_names() -> list[str]:
    """All names of models, for suggestions."""
    return [PREFIX + name for name in _table()]


# ---- prototypes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prototype:
    """A model on the meta device; `pretrained` are the parameters and buffers that named weights give values to."""

    model: nn.Module
    pretrained: frozenset[str]


def prototype(make: Callable[[], nn.Module]) -> Prototype:
    """The model that `make` builds, without its values: on the meta device, and no weights are fetched."""
    with without_weights() as loaded, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):
                model = make()
        except (NotImplementedError, RuntimeError):  # a constructor that computes with small tensors, as RegNet's does
            loaded.clear()
            with ParametersOnMeta():
                model = make()
    given = {id(tensor) for tensor in loaded}
    names = frozenset(name for name, tensor in _tensors(model) if id(tensor) in given)
    return Prototype(model.to("meta").eval(), names)


def _tensors(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from model.named_parameters(remove_duplicate=False)
    yield from model.named_buffers(remove_duplicate=False)


class ParametersOnMeta(TorchFunctionMode):
    """Makes on the meta device what is made without values, as layers make their parameters; the rest is computed."""

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        return func(*args, **{**(kwargs or {}), **({"device": "meta"} if func is torch.empty else {})})


class _NotFetched(OrderedDict):
    """Stands for the values of pretrained weights."""


_lock = RLock()


@contextmanager
def without_weights() -> Iterator[list[torch.Tensor]]:
    """Within it, builders that are given weights build what they build with them, but fetch and load nothing.

    Weights change more than values (`aux_loss`, `transform_input`, `image_size`), so leaving them out would not do.
    Gives the list of tensors that would have been loaded.
    """
    loaded: list[torch.Tensor] = []
    library = sys.modules.get("torchvision.models")
    if library is None:  # then there is no builder to call
        yield loaded
        return
    WeightsEnum = library.WeightsEnum
    with _lock:
        fetch, load = WeightsEnum.get_state_dict, nn.Module.load_state_dict

        def get_state_dict(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _NotFetched()

        def load_state_dict(self: nn.Module, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(state_dict, _NotFetched):
                return load(self, state_dict, *args, **kwargs)
            loaded.extend(tensor for _, tensor in _tensors(self))
            return None

        WeightsEnum.get_state_dict, nn.Module.load_state_dict = get_state_dict, load_state_dict
        try:
            yield loaded
        finally:
            WeightsEnum.get_state_dict, nn.Module.load_state_dict = fetch, load


@contextmanager
def weights_only() -> Iterator[None]:
    """Within it, files are read as tensors and nothing else: torch.hub, which builders fetch with, would unpickle."""
    with _lock:
        load = torch.load
        torch.load = lambda *args, **kwargs: load(*args, **{**kwargs, "weights_only": True})
        try:
            yield
        finally:
            torch.load = load
