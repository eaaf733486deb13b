"""Functions with their own gradient."""

from __future__ import annotations

from dataclasses import dataclass

from ..source import Span
from .graph import Module, Value


@dataclass(eq=False, slots=True)
class Autograd:
    """An `autograd` declaration for one choice of configuration and input types.

    `forward` and `backward` have neither submodules nor parameters. The first `own_inputs` inputs of `backward` are the
    gradients of what `forward` gives, in order; the others stand for `saved`, values of `forward`. Its result has for
    each input of `forward` the gradient, or None.
    """

    name: str
    forward: Module
    backward: Module
    saved: tuple[Value, ...]
    span: Span | None = None
    doc: str = ""

    @property
    def results(self) -> tuple[Value, ...]:
        result = self.forward.result
        return result if isinstance(result, tuple) else (result,)

    @property
    def gradients(self) -> tuple[Value | None, ...]:
        return self.backward.result
