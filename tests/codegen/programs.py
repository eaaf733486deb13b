"""Specs to nets and models, for tests of generated source."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import torch

from tests.codegen.interpret import run
from tnet.codegen import generate, load
from tnet.compiler import compile_spec
from tnet.ir import graph as ir
from tnet.ir.sites import modules, parameters
from tnet.source import Source
from tnet.syntax import read

SPECS = Path(__file__).parent.parent.parent / "specs"

SMALLER = {
    "alexnet": {"classes": 10},
    "densenet": {"growth": 8, "layers": (2, 3, 2)},
    "gpt": {"width": 32},
    "resnet": {"depth": 18},
    "unet": {"width": 8},
    "vit": {"size": 32, "width": 32, "depth": 3, "heads": 4},
}
"""Hyper-parameters that make a spec of the gallery small."""


@cache
def nets_of(path: Path, **hypers: Any) -> dict[str, ir.Net]:
    """The nets of a spec that can be elaborated."""
    program = compile_spec(read(path), hypers).program
    return program.nets if program else {}


def net(text: str, name: str | None = None) -> ir.Net:
    """A net of a spec's text, which must have no error."""
    compilation = compile_spec(Source("<test>", text))
    assert compilation.ok, compilation.diagnostics
    return compilation.program.net(name)


def model(net: ir.Net, seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return load(generate(net), net.name, f"{net.name}.tnet")()


def sample(net: ir.Net, batch: int = 2, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Inputs of a net: symbolic sizes at their hints or smaller, where the net takes that, or `batch`."""
    generator = torch.Generator().manual_seed(seed)
    sizes = next(sizes for limit in (16, 32, 64, 256) if fits(net, sizes := sizes_of(net, limit, batch)))
    found = []
    for value in net.root.inputs:
        shape = [dim if isinstance(dim, int) else sizes[dim.name] for dim in value.type.dims]
        dtype = getattr(torch, value.type.dtype)
        if dtype.is_floating_point:
            found.append(torch.randn(shape, generator=generator, dtype=dtype))
        else:
            found.append(torch.randint(0, 2, shape, generator=generator, dtype=dtype))
    return tuple(found)


def sizes_of(net: ir.Net, limit: int, batch: int) -> dict[str, int]:
    return {name: min(hint, limit) if hint else batch for name, hint in net.symbols.items()}


def fits(net: ir.Net, sizes: dict[str, int]) -> bool:
    relations = [condition.relation for condition in net.conditions]
    return all(bool(each.xreplace({symbol: sizes[symbol.name] for symbol in each.free_symbols})) for each in relations)


def check(net: ir.Net, modes: tuple[bool, ...] = (True,)) -> None:
    """That generated source does what the IR says: names, layers, outputs, gradients and buffers."""
    built = model(net)
    assert [(name, tuple(p.shape)) for name, p in built.named_parameters(remove_duplicate=False)] == [
        (site.name, site.shape) for site in parameters(net.root)
    ]
    layers = {site.path: site.node for site in modules(net.root) if isinstance(site.node, ir.Layer)}
    assert {path: repr(built.get_submodule(path)) for path in layers} == {
        path: repr(layer.prototype) for path, layer in layers.items()
    }
    inputs = sample(net)
    for mode in modes:
        state = {name: tensor.clone() for name, tensor in built.state_dict().items()}
        ours = outcome(lambda: built(*copies(inputs)), built, mode)
        built.load_state_dict(state)
        theirs = outcome(lambda: run(net, built, *copies(inputs)), built, mode)
        assert_same(ours, theirs)


def outcome(forward: Any, built: torch.nn.Module, training: bool) -> Any:
    """Outputs, gradients and buffers after one pass."""
    built.train(training)
    built.zero_grad()
    torch.manual_seed(1)
    outputs = list(tensors(forward()))
    total = sum(each.double().sin().sum() for each in outputs if each.is_floating_point())
    if isinstance(total, torch.Tensor) and total.requires_grad:
        total.backward()
    gradients = [None if p.grad is None else p.grad.clone() for p in built.parameters()]
    return outputs, gradients, [buffer.clone() for buffer in built.buffers()]


def copies(inputs: tuple[torch.Tensor, ...]) -> list[torch.Tensor]:
    """Inputs for layers that write in place."""
    return [each.clone() for each in inputs]


def tensors(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors(item)


def assert_same(ours: Any, theirs: Any) -> None:
    for mine, other in zip(ours, theirs, strict=True):
        assert len(mine) == len(other)
        for a, b in zip(mine, other, strict=True):
            assert (a is None) == (b is None) and (a is None or same_bits(a, b))


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal, not-a-number in the same places included."""
    return torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())


def ruff(*arguments: str, text: str) -> str:
    """What ruff says of a text, with its default rules and lines of 120."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        *arguments,
        "--isolated",
        "--line-length=120",
        "--stdin-filename=model.py",
        "-",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return done.stdout if done.returncode else ""


def imported(text: str) -> set[str]:
    """The top-level modules that a source imports."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module.partition(".")[0])
    return found
