"""Function and method names: pure tensor functions of torch, torchvision.ops and einops.

`torch` itself counts only where the name is one of its generated tensor operators or of `torch.functional`; that rule
leaves out everything that touches files, processes, devices, random state or global settings, but for the names in
`REFUSED`. In-place forms (a trailing underscore) are left out: a value never changes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as functional

REFUSED: dict[str, str] = {
    "from_file": "it reads a file",
    "frombuffer": "it reads memory that is no tensor",
    "from_numpy": "it takes an array",
    "asarray": "it takes any object",
    "as_tensor": "it takes any object",
    "can_cast": "it takes no tensor",
    "get_device": "devices are for `train` to say",
    "is_inference": "it reads a global state",
    "set_flush_denormal": "it changes a global state",
    "handle_torch_function": "it takes a callable",
    "has_torch_function": "it takes any object",
    "has_torch_function_unary": "it takes any object",
    "has_torch_function_variadic": "it takes any object",
    "boolean_dispatch": "it takes a callable",
    "assert_int_or_pair": "it takes no tensor",
    "item": "a number read from a tensor stops the graph; keep it a tensor",
    "tolist": "numbers read from a tensor stop the graph; keep it a tensor",
    "numpy": "a forward pass stays in tensors",
    "data_ptr": "a forward pass stays in tensors",
    "backward": "training does the backward pass",
    "cuda": "devices are for `train` to say",
    "cpu": "devices are for `train` to say",
    "requires_grad_": "freezing is a parameter rule",
}

REFUSED_ARGUMENTS: dict[str, str] = {
    "out": "a value never changes; bind the result to a name",
    "device": "devices are for `train` to say",
    "pin_memory": "memory is for `data` to say",
    "requires_grad": "freezing is a parameter rule",
    "generator": "the model draws from its own stream",
}
"""Arguments that no function takes in a spec, with the reason."""

METHODS_BESIDE_FUNCTIONS = frozenset(
    "view view_as reshape_as expand expand_as repeat contiguous type_as float half bfloat16 double int long short char"
    " byte bool cfloat cdouble chalf new_zeros new_ones new_full new_empty new_tensor to unfold size dim numel stride"
    " nelement ndimension index_copy is_contiguous is_floating_point is_complex element_size sum_to_size tile".split()
)
"""Pure methods that have no function of the same name."""

ATTRIBUTES = frozenset("T mT H mH real imag".split())
"""Attributes of tensors that are tensors; `shape`, `ndim` and `dtype` are compile-time."""

CREATE_FROM_NONE = frozenset(
    "arange tensor zeros ones full empty eye linspace logspace rand randn randint randperm tril_indices triu_indices"
    " hann_window hamming_window blackman_window bartlett_window kaiser_window range".split()
)
"""Functions that make a tensor from none: they get the device of the body's first tensor."""

NAMESPACES = {"linalg": torch.linalg, "fft": torch.fft, "special": torch.special}


@dataclass(frozen=True)
class TensorFunction:
    """A function with the import path that generated source uses."""

    path: str
    call: Callable

    @property
    def name(self) -> str:
        return self.path.rsplit(".", 1)[-1]


@cache
def functional_table() -> dict[str, TensorFunction]:
    """The public functions of torch.nn.functional that take and give tensors."""
    return {
        name: TensorFunction(f"torch.nn.functional.{name}", value)
        for name, value in vars(functional).items()
        if _is_public(name) and callable(value) and not inspect.isclass(value) and _defined_in_torch(value)
    }


def _defined_in_torch(value: Callable) -> bool:
    """A builtin of torch, or a Python function of torch.nn.functional itself: imports of other modules are neither."""
    module = getattr(value, "__module__", None) or ""
    return inspect.isbuiltin(value) or module in ("torch.nn.functional", "torch._jit_internal", "torch")


@cache
def operator_table() -> dict[str, TensorFunction]:
    """The tensor operators of torch itself and the functions of torch.functional."""
    names = {*dir(torch._C._VariableFunctions), *torch.functional.__all__}
    table = {name: getattr(torch, name, None) for name in names if _is_public(name)}
    return {name: TensorFunction(f"torch.{name}", value) for name, value in sorted(table.items()) if callable(value)}


@cache
def namespace_table(namespace: str) -> dict[str, TensorFunction]:
    """The builtins of torch.linalg, torch.fft and torch.special."""
    module = NAMESPACES[namespace]
    return {
        name: TensorFunction(f"torch.{namespace}.{name}", value)
        for name, value in vars(module).items()
        if _is_public(name) and inspect.isbuiltin(value)
    }


@cache
def vision_table() -> dict[str, TensorFunction]:
    """The functions of torchvision.ops."""
    import torchvision.ops

    return {
        name: TensorFunction(f"torchvision.ops.{name}", value)
        for name, value in vars(torchvision.ops).items()
        if _is_public(name) and inspect.isfunction(value)
    }


@cache
def einops_table() -> dict[str, TensorFunction]:
    """rearrange, reduce, repeat, einsum, pack and unpack of einops."""
    import einops

    names = ("rearrange", "reduce", "repeat", "einsum", "pack", "unpack")
    return {name: TensorFunction(f"einops.{name}", getattr(einops, name)) for name in names}


@cache
def packing_table() -> dict[str, TensorFunction]:
    """Packing sequences of several lengths, and padding them again."""
    from torch.nn.utils import rnn

    names = ("pack_padded_sequence", "pad_packed_sequence")
    return {name: TensorFunction(f"torch.nn.utils.rnn.{name}", getattr(rnn, name)) for name in names}


def _is_public(name: str) -> bool:
    return not name.startswith("_") and not name.endswith("_") and name not in REFUSED


def find_function(name: str, step: bool) -> TensorFunction | str | None:
    """What `name(…)` calls: a function, the name of a tensor method (for a step only), or None.

    A step tries torch.nn.functional, then the methods; both then torch, torchvision.ops and einops.
    """
    if "." in name:
        namespace, _, function = name.partition(".")
        return namespace_table(namespace).get(function) if namespace in NAMESPACES else None
    if found := functional_table().get(name):
        return found
    if step and is_method(name):
        return name
    if found := operator_table().get(name):
        return found
    return packing_table().get(name) or vision_table().get(name) or einops_table().get(name)


@cache
def is_method(name: str) -> bool:
    """Whether tensors have a pure method of that name."""
    if not _is_public(name) or not callable(getattr(torch.Tensor, name, None)):
        return False
    return name in METHODS_BESIDE_FUNCTIONS or name in operator_table()


def function_names() -> Iterator[str]:
    """All names of functions, for suggestions; torchvision's and einops' only once they are imported."""
    yield from functional_table()
    yield from operator_table()
    yield from packing_table()
    yield from einops_table()


def method_names() -> Iterator[str]:
    """All names of tensor methods, for suggestions."""
    return (name for name in {*METHODS_BESIDE_FUNCTIONS, *operator_table()} if is_method(name))


@cache
def has_argument(path: str, name: str) -> bool:
    """Whether a Python function of torch.nn.functional takes an argument of that name."""
    found = functional_table().get(path.rsplit(".", 1)[-1])
    try:
        return found is not None and found.path == path and name in inspect.signature(found.call).parameters
    except (TypeError, ValueError):
        return False
