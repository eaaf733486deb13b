"""A model run in part or in another mode, for inference of what goes on inside it."""

from __future__ import annotations

from typing import Any

from torch import nn


class Until(nn.Module):
    """Runs a model until it applies the submodule at a path; gives what that is given, None if it is never applied.

    Several inputs and call-time keywords come as a tuple and a dict: `(args, kwargs)`.
    """

    def __init__(self, model: nn.Module, path: str, training: bool):
        super().__init__()
        self.model = model
        self.path = path
        self.in_training = training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        handle = self.model.get_submodule(self.path).register_forward_pre_hook(_stop, with_kwargs=True)
        self.model.train(self.in_training)
        try:
            self.model(*args, **kwargs)
        except _Reached as reached:
            return reached.inputs
        finally:
            handle.remove()
            self.model.eval()
        return None


class _Reached(Exception):
    def __init__(self, inputs: tuple):
        super().__init__()
        self.inputs = inputs


def _stop(module: nn.Module, args: tuple, kwargs: dict) -> None:
    raise _Reached((args, kwargs))


class InTraining(nn.Module):
    """Runs a model in training mode."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        self.model.train()
        try:
            return self.model(*args, **kwargs)
        finally:
            self.model.eval()


class Batches(nn.Module):
    """Runs a detector of torchvision on a batch of images, in eval mode, until it applies the submodule at a path and
    that has run; gives what the submodule is given and what it gives."""

    def __init__(self, detector: nn.Module, path: str):
        super().__init__()
        self.detector = detector
        self.path = path

    def forward(self, images: Any) -> Any:
        handle = self.detector.get_submodule(self.path).register_forward_hook(_end, with_kwargs=True)
        try:
            self.detector(list(images))
        except _Reached as reached:
            return reached.inputs
        finally:
            handle.remove()
        return None


def _end(module: nn.Module, args: tuple, kwargs: dict, result: Any) -> None:
    raise _Reached((args, kwargs, result))
