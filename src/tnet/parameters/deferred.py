"""Construction of a module with its random draws put off.

While `Deferred` is active, an in-place random fill of a whole tensor is written down instead of run; a later fill of
the same tensor replaces it, so what is left at the end is the one draw that counts. Code that reads a tensor whose
draw was put off gets real values: the draw is made then, and the tensor and what was computed from it are marked as
`computed`. The idea is that of deferred initialisation (torchdistx), reduced to what constructors do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from .streams import generator

RANDOM_FILLS = frozenset(
    "uniform_ normal_ bernoulli_ cauchy_ exponential_ geometric_ log_normal_ random_ kaiming_uniform_ kaiming_normal_"
    " xavier_uniform_ xavier_normal_".split()
)
"""Methods of tensors and functions of torch.nn.init that overwrite a tensor with draws and take a generator."""

CONSTANT_FILLS = frozenset("zero_ fill_ constant_ copy_".split())

FACTORIES = frozenset(
    "rand randn randint randperm normal bernoulli multinomial poisson rand_like randn_like randint_like".split()
)
"""Functions whose result is random: they run, and the result is marked."""

READS_NO_VALUES = frozenset(
    "__get__ __set__ size dim ndimension numel stride is_contiguous is_floating_point is_complex element_size data_ptr"
    " untyped_storage storage_offset requires_grad_ detach register_hook __hash__ __len__ view t transpose permute"
    " unbind narrow select squeeze unsqueeze".split()
)
"""What looks at a tensor's shape or makes a view of it."""


@dataclass(frozen=True)
class Draw:
    """A random fill that was put off."""

    function: Callable
    args: tuple
    kwargs: dict[str, Any]

    def run(self, seed: int, name: str) -> None:
        """Fill the tensor from the stream of `name`."""
        self.draw(generator(seed, name))

    def draw(self, source: torch.Generator) -> None:
        with torch.no_grad():
            self.function(*self.args, **{**self.kwargs, "generator": source})


class Deferred(TorchFunctionMode):
    """See the module's text. Tensors are told apart by their storage; those marked are kept alive, so that no other
    tensor takes over the address."""

    def __init__(self) -> None:
        super().__init__()
        self.draws: dict[int, Draw] = {}
        self.computed: dict[int, torch.Tensor] = {}

    def take(self, tensor: torch.Tensor) -> Draw | None:
        """The draw that the tensor waits for, which is then the caller's to make."""
        return self.draws.pop(_address(tensor), None)

    def make_the_rest(self) -> None:
        """Make the draws that nobody took, of tensors that are no parameters or buffers."""
        for draw in self.draws.values():
            draw.draw(torch.default_generator)

    def is_computed(self, tensor: torch.Tensor) -> bool:
        """Whether the tensor's values were computed from random ones."""
        return _address(tensor) in self.computed

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in RANDOM_FILLS and self._put_off(func, args, kwargs):
            return args[0] if args else kwargs["tensor"]
        if name in FACTORIES:
            return self._mark(func(*args, **kwargs))
        if not (self.draws or self.computed) or name in READS_NO_VALUES:
            return func(*args, **kwargs)
        if name in CONSTANT_FILLS and self._overwritten(args, kwargs):
            return func(*args, **kwargs)
        touched = [each for each in _tensors((args, kwargs)) if self._is_random(each)]
        for tensor in touched:
            self._make(tensor)
        result = func(*args, **kwargs)
        if touched:
            self._mark((args, result))
        return result

    def _put_off(self, func: Callable, args: tuple, kwargs: dict) -> bool:
        tensor = args[0] if args else kwargs["tensor"]
        if not _is_whole(tensor) or kwargs.get("generator") is not None:
            return False
        address = _address(tensor)
        self.computed.pop(address, None)
        self.draws[address] = Draw(func, args, kwargs)
        return True

    def _overwritten(self, args: tuple, kwargs: dict) -> bool:
        """Note that the whole tensor gets values that are not random; false if it does not."""
        target, *sources = _tensors((args, kwargs))
        if not _is_whole(target) or any(self._is_random(source) for source in sources):
            return False
        self.draws.pop(_address(target), None)
        self.computed.pop(_address(target), None)
        return True

    def _is_random(self, tensor: torch.Tensor) -> bool:
        address = _address(tensor)
        return address in self.draws or address in self.computed

    def _make(self, tensor: torch.Tensor) -> None:
        draw = self.draws.pop(_address(tensor), None)
        if draw:
            draw.draw(torch.default_generator)
            self._mark(tensor)

    def _mark(self, value: Any) -> Any:
        self.computed.update((_address(each), each) for each in _tensors(value))
        return value


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)


def _address(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr() if tensor.layout is torch.strided else id(tensor)


def _is_whole(tensor: torch.Tensor) -> bool:
    """Whether the tensor is all of its storage, on the CPU."""
    if tensor.device.type != "cpu" or tensor.layout is not torch.strided:
        return False
    return tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
