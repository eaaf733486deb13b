"""A step as one compiled graph: forward, loss, gradients, what is done to them, and the optimizer's update.

Small nets spend most of a step between kernels: in autograd, in the optimizer and in guards. One graph has none of it.
Its optimizer is torch's own, traced as https://docs.pytorch.org/tutorials/recipes/compiling_optimizer.html does, with
rates as tensors, since a new number would compile everything again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .compiled import Forward, compile_errors
from .hooks import Batch
from .optimizers import needs_closure
from .state import State

TRACES_GRADIENTS = "trace_autograd_ops"
"""The switch of torch.compile for `torch.autograd.grad` inside a graph; older versions have none."""

MOST_TENSORS = 32
"""Parameters up to which a whole step is compiled. Beyond, compiling takes far longer, and there is little to gain:
a transformer of 24 layers took six times as long to compile, and its steps were no faster."""


class WholeStep:
    """`step(state, batch)` gives the loss, detached, or None for a batch that it is not for.

    The first step of a run is eager: optimizers make their state there, which a graph then takes as it is. Where a
    graph of all cannot be had (an optimizer that reads numbers from its tensors, a net with breaks), it gives up, and
    the loop's own way is taken from then on.
    """

    def __init__(self, forward: Forward, after_backward: Sequence[Callable[[State], None]]):
        self.forward, self.after_backward = forward, after_backward
        few = sum(1 for _ in forward.model.parameters()) <= MOST_TENSORS
        self.works = forward.compiles and few and traces_gradients()
        self._compiled: Callable[[Batch], Tensor] | None = None
        self._build = -1
        self._gradients: list[tuple[nn.Parameter, Tensor]] = []
        self._gradients_in_place = False

    def __call__(self, state: State, batch: Batch) -> Tensor | None:
        if not (self.works and self.forward.is_full(batch)) or needs_closure(state.optimizer):
            self._gradients_in_place = False
            return None
        if state.step == 0:
            return self._eager(state, batch)
        try:
            if self._build != self.forward.builds:
                self._compiled, self._build = self._compile(state, batch), self.forward.builds
            self._place_gradients()
            return self._compiled(batch)
        except (*compile_errors(), NotTraceable):
            self.works = False
            return None

    def _place_gradients(self) -> None:
        """Give the parameters the tensors that the graph writes into, which a batch outside it took away."""
        if not self._gradients_in_place:
            for parameter, gradient in self._gradients:
                parameter.grad = gradient
            self._gradients_in_place = True

    def _eager(self, state: State, batch: Batch) -> Tensor:
        state.optimizer.zero_grad(set_to_none=True)
        loss = self.forward.run_loss(batch)
        loss.backward()
        for call in self.after_backward:
            call(state)
        state.optimizer.step()
        return loss.detach()

    def _compile(self, state: State, batch: Batch) -> Callable[[Batch], Tensor]:
        parameters = used_parameters(self.forward, state.model, batch)
        for parameter in state.model.parameters():
            parameter.grad = None
        self._gradients = [(parameter, torch.zeros_like(parameter)) for parameter in parameters]
        self._gradients_in_place = False
        updates = [
            partial(inspect.unwrap(type(each).step), each)  # the wrappers around it break the graph
            for each in getattr(state.optimizer, "optimizers", [state.optimizer])
            if rates_as_tensors(each)
        ]
        run_loss, hooks = self.forward.run_loss, self.after_backward

        def step(batch: Batch) -> Tensor:
            loss = run_loss(batch)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, gradient in zip(parameters, gradients, strict=True):
                    parameter.grad.copy_(gradient)
                for call in hooks:
                    call(state)
                for update in updates:
                    update()
            return loss.detach()

        traces_gradients(switch_on=True)  # for good: torch may have to compile again later
        return self.forward.compile(step, fullgraph=True)


def traces_gradients(switch_on: bool = False) -> bool:
    """Whether this version of torch can have gradients inside a graph; importing what knows takes a second."""
    from torch._dynamo import config

    if switch_on:
        setattr(config, TRACES_GRADIENTS, True)
    return hasattr(config, TRACES_GRADIENTS)


class NotTraceable(Exception):
    """A step that no graph can be made of."""


def used_parameters(forward: Forward, model: nn.Module, batch: Batch) -> list[nn.Parameter]:
    """The parameters that get a gradient, by a trial that leaves no trace. Raises NotTraceable for sparse gradients."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with without_trace(forward):
        gradients = torch.autograd.grad(forward.run_loss(batch), trained, allow_unused=True)
    if any(each is not None and each.layout != torch.strided for each in gradients):
        raise NotTraceable
    return [parameter for parameter, each in zip(trained, gradients, strict=True) if each is not None]


@contextmanager
def without_trace(forward: Forward) -> Iterator[None]:
    """A pass in which nothing of the model or of the random streams is changed for good."""
    written = [*forward.model.buffers(), *([forward.accuracy.counts] if forward.accuracy else [])]
    kept = [(tensor, tensor.clone()) for tensor in written]
    with torch.random.fork_rng([forward.device] if forward.device.type == "cuda" else []):
        yield
    with torch.no_grad():
        for tensor, value in kept:
            tensor.copy_(value)


def rates_as_tensors(optimizer: Optimizer) -> Optimizer:
    """The optimizer, with the rate of each group as a tensor, float64 so that no digit is lost, that schedules fill."""
    for group in optimizer.param_groups:
        if not isinstance(group["lr"], Tensor):
            group["lr"] = torch.tensor(group["lr"], dtype=torch.float64, device=group["params"][0].device)
    return optimizer
