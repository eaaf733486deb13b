"""Forward and loss as one function, through `torch.compile` where that is asked for and works.

Only full batches go through compiled code: a smaller batch would compile everything once more, for a fraction of a
percent of the steps. https://docs.pytorch.org/docs/stable/generated/torch.compile.html
"""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from shutil import which
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from ..data.transforms.pipeline import Pipeline
from .choices import CompileChoice
from .outputs import outputs_of
from .regions import Regions
from .train_accuracy import TrainAccuracy

Fields = Mapping[str, Tensor]
HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
"""What autocast computes in, by `precision`."""


class Forward:
    """`loss(batch)`, `losses(batch)`, and `evaluate(batch)`, which gives (losses, outputs).

    `inputs` are the net's in order; `size` is the number of samples that is compiled for; `say` tells the user when
    compiling does not work. `precision` "bf16" or "fp16" runs under autocast: weights stay float32. The first of
    `losses` are the recipe's, which have `names` where they are several; those of rules, `rule_names`, follow.
    `accuracy` counts what is right in training, where that is wanted.
    """

    def __init__(
        self,
        model: nn.Module,
        losses: Sequence[nn.Module],
        inputs: tuple[str, ...],
        size: int,
        compile: CompileChoice,
        precision: str,
        device: torch.device,
        say: Callable[[str], None],
        names: Sequence[str] = ("",),
        rule_names: Sequence[str] = (),
    ):
        self.functions, self.names, self.rule_names = tuple(losses), tuple(names), tuple(rule_names)
        self.paused = False
        self.accuracy: TrainAccuracy | None = None
        self.model, self.inputs, self.size = model, inputs, size
        self.choice, self.precision, self.device, self.say = compile, precision, device, say
        self.compiles = compile.enabled
        self.regions = Regions(model)
        self.builds = 0
        if self.compiles and (missing := missing_compiler(device)):
            self.give_up(missing)

    def run(self, batch: Fields) -> tuple[tuple[Tensor, ...], Any]:
        return self._run(batch, len(self.names))

    def _run(self, batch: Fields, count: int) -> tuple[tuple[Tensor, ...], Any]:
        """So many of the losses, and the outputs."""
        with self._autocast():
            outputs = self.model(*[batch[name] for name in self.inputs])
            return self._apply(outputs, batch, count), outputs

    def _apply(self, outputs: Any, batch: Fields, count: int) -> tuple[Tensor, ...]:
        return tuple(function(outputs, batch) for function in self.functions[:count])

    def run_crops(self, batch: Fields, pipeline: Pipeline) -> tuple[tuple[Tensor, ...], Any]:
        """Losses and outputs of samples that come as several crops: what the net says of them is averaged first."""
        with self._autocast():
            outputs = self.model(*[pipeline.each_crop(name, batch[name]) for name in self.inputs])
            outputs = tree_map(lambda each: each.unflatten(0, (-1, pipeline.crops)).mean(1), outputs)
            return self._apply(outputs, batch, len(self.names)), outputs

    def run_loss(self, batch: Fields) -> Tensor:
        return self._counted(batch, 1)[0]

    def loss(self, batch: Fields) -> Tensor:
        """The loss, to be differentiated."""
        return (self._compiled_loss if self.is_full(batch) else self.run_loss)(batch)

    def losses(self, batch: Fields) -> tuple[Tensor, ...]:
        """All losses of one pass, each to be differentiated."""
        return (self._compiled_losses if self.is_full(batch) else self.run_losses)(batch)

    def run_losses(self, batch: Fields) -> tuple[Tensor, ...]:
        return self._counted(batch, len(self.functions))

    def _counted(self, batch: Fields, count: int) -> tuple[Tensor, ...]:
        losses, outputs = self._run(batch, count)
        if self.accuracy and torch.is_grad_enabled():
            self.accuracy.add(outputs_of(outputs)[0], batch["target"])
        return losses

    def rebuild(self) -> None:
        """Compile anew at the next pass, as where gradients of other parameters are wanted."""
        self.builds += 1
        for name in ("_compiled_loss", "_compiled_losses", "_compiled_run"):
            self.__dict__.pop(name, None)

    def evaluate(self, batch: Fields, compiled: bool) -> tuple[tuple[Tensor, ...], Any]:
        """The recipe's losses, and the outputs; `compiled` says whether so many batches come that compiling pays."""
        if not (compiled and self.is_full(batch)):
            return self.run(batch)
        try:
            return self._compiled_run(batch)
        except compile_errors() as problem:
            self.give_up(problem)
            return self.evaluate(batch, compiled)

    def give_up(self, problem: object) -> None:
        """Go on without regions, or else without compiling, and say so."""
        if self.regions.marked:
            self.close()
            self.regions = Regions(nn.Module())
            return
        self.compiles = False
        reason = str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
        self.say(f"torch.compile does not work here, so this runs without it: {reason}")

    def close(self) -> None:
        """Leave the model as it was, with nothing compiled."""
        self.regions.unmark()
        self.rebuild()

    def is_full(self, batch: Fields) -> bool:
        """Whether a batch has the size that is compiled for."""
        return self.compiles and not self.paused and len(batch[self.inputs[0]]) == self.size

    @cached_property
    def _compiled_loss(self) -> Callable:
        if not self.regions.marked:
            self.regions.mark()
        return self.compile(self.run_loss)

    @cached_property
    def _compiled_losses(self) -> Callable:
        import torch._functorch.config

        torch._functorch.config.donated_buffer = False  # each loss goes back through what the pass has kept
        return self.compile(self.run_losses)

    @cached_property
    def _compiled_run(self) -> Callable:
        return self.compile(self.run)

    def compile(self, function: Callable, fullgraph: bool = False) -> Callable:
        """The function through `torch.compile`, as the recipe says."""
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it warns of a CUDA not in use
        return torch.compile(with_own_code(function), fullgraph=fullgraph, **self.choice.arguments)

    def _autocast(self) -> Any:
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=HALF[self.precision])


def with_own_code(function: Callable) -> Callable:
    """The function, with a code object that no other has: torch counts by these how often it has compiled, and gives up
    at the ninth run of a process, or the ninth thaw, where all share one. With the function goes what was compiled."""
    inner = getattr(function, "__func__", function)
    parts = inner.__globals__, inner.__name__, inner.__defaults__, inner.__closure__
    copy = FunctionType(inner.__code__.replace(), *parts)
    return copy if inner is function else MethodType(copy, function.__self__)


def missing_compiler(device: torch.device) -> str | None:
    """What `torch.compile` lacks on this machine, as far as is known before it is tried."""
    if device.type != "cpu":
        return None
    chosen = shlex.split(os.environ.get("CXX", ""))[:1]
    if any(map(which, chosen or ["g++", "clang++", "c++", "cl"])):
        return None
    return f"there is no C++ compiler `{chosen[0]}`" if chosen else "no C++ compiler (g++ or clang++) is installed"


def compile_errors() -> tuple[type[Exception], ...]:
    """What is raised where compiling fails, as against the model itself."""
    from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException
    from torch._inductor.exc import InductorError

    return (TorchDynamoException, InductorError, FailOnRecompileLimitHit)
