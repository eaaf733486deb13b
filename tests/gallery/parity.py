"""Whether a spec's net is torchvision's: the same state, and with the same weights the same numbers, to the bit."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
import torchvision

from tnet import codegen
from tnet.compiler import Compilation, compile_spec
from tnet.ir import graph as ir
from tnet.source import Source

SPECS = Path(__file__).parents[2] / "specs"


@cache
def compiled(path: Path) -> Compilation:
    """A spec at its hyper-parameters' defaults, compiled once for all tests."""
    return compile_spec(Source(path.name, path.read_text(), path))


def net_of(path: Path, **hypers: Any) -> ir.Net:
    """The main net of a spec; its training may ask for what is not done yet."""
    compilation = compile_spec(Source(path.name, path.read_text(), path), hypers) if hypers else compiled(path)
    assert compilation.model_ok, [each.message for each in compilation.diagnostics]
    return compilation.program.net()


def class_of(net: ir.Net) -> type:
    return codegen.load(codegen.generate(net), net.name, f"<{net.name}>")


def builder(name: str, **options: Any) -> torch.nn.Module:
    """torchvision's model of that name, without pretrained weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torchvision.models.get_model(name, **options)


def state(model: torch.nn.Module) -> list[tuple]:
    """Name, shape and dtype of each tensor of a state dict, in order."""
    return [(name, tuple(tensor.shape), tensor.dtype) for name, tensor in model.state_dict().items()]


def empty_state(make: Any, *args: Any, **kwargs: Any) -> list[tuple]:
    """The state of a model that is never allocated."""
    with torch.device("meta"):
        return state(make(*args, **kwargs))


def scatter(model: torch.nn.Module) -> torch.nn.Module:
    """Give all weights and running statistics values of their own: constructors leave many of them 0 or 1."""
    random = torch.Generator().manual_seed(0)
    for tensor in model.state_dict().values():
        if not tensor.is_floating_point():
            continue
        drawn = torch.rand(tensor.shape, generator=random)
        tensor.copy_(drawn + 0.5 if tensor.ndim < 2 else 0.2 * (drawn - 0.5))
    return model


def outcome(model: torch.nn.Module, image: torch.Tensor, training: bool) -> Iterator[tuple[str, torch.Tensor | None]]:
    """The output, each gradient and each buffer after a pass, under their names."""
    model.train(training)
    model.zero_grad()
    torch.manual_seed(1)
    output = model(image)
    output = output["out"] if isinstance(output, dict) else output
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    yield "output", output
    yield from ((name, parameter.grad) for name, parameter in model.named_parameters())
    yield from ((name, buffer.clone()) for name, buffer in model.named_buffers())


def assert_same_numbers(
    ours: torch.nn.Module, theirs: torch.nn.Module, size: int, their_names: Mapping[str, str] = {}
) -> None:
    """Outputs, gradients and buffers in both modes; the weights are the same. `their_names` where names differ."""
    image = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(2))
    for training in (False, True):
        found, expected = dict(outcome(ours, image, training)), dict(outcome(theirs, image, training))
        assert found["output"].isfinite().all() and found["output"].std() > 0
        assert len(found) == len(expected)
        for name, tensor in found.items():
            other = expected[their_names.get(name, name)]
            assert (tensor is None) == (other is None), name
            assert tensor is None or torch.equal(tensor, other), f"{name}, training={training}"
