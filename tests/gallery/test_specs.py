"""Every spec of the gallery: it reads, its layout is canonical, and it is whole or names what is not done yet."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from parity import class_of

from tnet.compiler import compile_spec
from tnet.format import format_source
from tnet.source import Source
from tnet.syntax import parse

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.tnet"))
WILD = sorted((Path(__file__).parent / "wild").glob("*.tnet"))

NOT_DONE = {"finetune": ["12: freeze"]}
"""What of a spec is refused because it is not done yet: the line and the text that is marked."""

named = pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)


def source(path: Path) -> Source:
    return Source(path.name, path.read_text(), path)


@pytest.mark.parametrize("path", [*SPECS, *WILD], ids=lambda path: path.stem)
def test_reads_and_is_formatted(path):
    assert not parse(source(path)).diagnostics
    assert format_source(source(path)) == path.read_text()


@named
def test_only_what_is_not_done_is_refused(path):
    diagnostics = compile_spec(source(path)).diagnostics
    assert {each.code for each in diagnostics} <= {"TN0001"}
    assert [f"{each.span.line}: {each.span.text}" for each in diagnostics] == NOT_DONE.get(path.stem, [])


HYPERS = [
    ("convnet", {"width": 4}),
    ("digits", {"width": 16}),
    ("gpt", {"depth": 2, "width": 16, "context": 8}),
    ("lenet", {"classes": 3}),
    ("mlp", {"hidden": [8]}),
    ("unet", {"width": 4, "depth": 2}),
]


@pytest.mark.parametrize(("name", "hypers"), HYPERS, ids=[name for name, _ in HYPERS])
def test_small_versions_run(name, hypers):
    """M1 (two-layer conv net, MLP, LeNet) and others, made small: all weights get a gradient."""
    net = compile_spec(source(ROOT / "specs" / f"{name}.tnet"), hypers).program.net()
    model = class_of(net)()
    inputs = [example(value.type) for value in net.root.inputs]
    output = model(*inputs)
    assert list(output.shape) == [sizes(dim) for dim in net.outputs[0][1].dims]
    output.square().sum().backward()
    assert all(parameter.grad.any() for parameter in model.parameters())


def sizes(dim):
    """A symbolic size as a number: 8 fits what all of them ask of sizes."""
    return dim if isinstance(dim, int) else int(dim.subs(dict.fromkeys(dim.free_symbols, 8)))


def example(kind):
    shape = list(map(sizes, kind.dims))
    return torch.randint(0, 100, shape) if kind.dtype == "int64" else torch.randn(shape)
