"""`snoop = true`: what each step of the net gives for the first batch: shape, dtype, device and whether it has a
gradient, at the spec's lines, inside blocks too. The pass is one of its own and leaves no trace in the run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..codegen.source import spans_of_lines
from ..ir.graph import Layer, Net
from ..ir.sites import modules
from ..source import Span
from .compiled import Forward
from .files import write
from .hooks import Batch, Hook
from .state import State
from .whole_step import without_trace

FILE = "snoop.txt"
WIDEST = 48  # letters of a step's text that are shown


@dataclass(frozen=True)
class Seen:
    """One step: its place in the spec, the module's path or the function's name, and the tensors that it gave."""

    span: Span | None
    name: str
    values: tuple[str, ...]


class Snoop(Hook):
    """Tells of the first batch of a sitting, as it is after mixing."""

    def __init__(self, net: Net, forward: Forward, folder: Path, say: Callable[[str], None]):
        self.net, self.forward, self.folder, self.say = net, forward, folder, say
        self.is_done = False

    def on_batch(self, state: State, batch: Batch) -> Batch:
        if not self.is_done:
            self.is_done = True
            text = "\n".join(table(seen(self.net, self.forward, batch)))
            write(self.folder / FILE, f"{text}\n".encode())
            self.say(text)
        return batch


def seen(net: Net, forward: Forward, batch: Batch) -> list[Seen]:
    """The inputs, each step of the net in the order in which they run, and the losses."""
    inputs = net.root.inputs[: net.root.own_inputs]
    found = [Seen(each.span, each.name, (described(batch[each.name]),)) for each in inputs]
    with ExitStack() as stack:
        stack.enter_context(without_trace(forward))
        watch = stack.enter_context(Functions(net, forward.model, found))
        for handle in watch.hooked():
            stack.callback(handle.remove)
        losses, _ = forward.run(batch)
    names = [f"loss.{name}" if name else "loss" for name in forward.names]
    return [*found, *(Seen(None, *each) for each in zip(names, ((described(loss),) for loss in losses), strict=True))]


class Functions(TorchFunctionMode):
    """Notes what layers give, by hooks, and what functions give that the net's own code calls, not its layers'."""

    def __init__(self, net: Net, model: nn.Module, found: list[Seen]):
        super().__init__()
        self.net, self.model, self.found, self.inside = net, model, found, 0
        self.lines = spans_of_lines(net)
        own = type(model).__module__
        classes = {type(each) for each in model.modules() if type(each).__module__ == own}
        self.files = {cls.forward.__code__.co_filename for cls in classes if hasattr(cls.forward, "__code__")}

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if not self.inside and name != "__get__" and (values := tuple(map(described, tensors_of(result)))):
            frame = self._calling()
            if frame is not None:
                self.found.append(Seen(self.lines.get(frame.f_lineno), name, values))
        return result

    def _calling(self) -> FrameType | None:
        """The frame of the net's own code that the call comes from; None where it comes from a loss."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename not in self.files:
            frame = frame.f_back
        return frame

    def hooked(self) -> Iterator[Any]:
        """Hooks on the layers, which the caller removes."""
        for site in modules(self.net.root):
            if isinstance(site.node, Layer):
                layer = self.model.get_submodule(site.path)
                yield layer.register_forward_pre_hook(self._enter)
                yield layer.register_forward_hook(self._leave(site.path, site.span))

    def _enter(self, *_: Any) -> None:
        self.inside += 1

    def _leave(self, path: str, span: Span | None) -> Callable:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            self.inside -= 1
            self.found.append(Seen(span, path, tuple(map(described, tensors_of(output)))))

        return hook


def tensors_of(value: Any) -> Iterator[Tensor]:
    match value:
        case Tensor():
            yield value
        case list() | tuple():
            for each in value:
                yield from tensors_of(each)
        case Mapping():
            yield from tensors_of(list(value.values()))


def described(tensor: Tensor) -> str:
    """`float32[32, 10] cpu grad`"""
    kind = f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)} {tensor.device}"
    return f"{kind} grad" if tensor.requires_grad else kind


def table(steps: list[Seen]) -> list[str]:
    """A line for each step, in columns: place, name, text, and a tensor or more."""
    rows = [(_place(each.span), each.name, _text(each.span), ", ".join(each.values)) for each in steps]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:3]]
    return ["  ".join([*map(str.ljust, row, widths), row[3]]).rstrip() for row in rows]


def _place(span: Span | None) -> str:
    return f"{Path(span.source.name).name}:{span.line}" if span else ""


def _text(span: Span | None) -> str:
    text = " ".join(span.text.split()) if span else ""
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
