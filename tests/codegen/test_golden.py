"""Specs beside the source that they must give; what it does equals what the IR says."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch

from tests.codegen.programs import SMALLER, SPECS, assert_same, check, imported, model, nets_of, ruff, sample, tensors
from tests.conftest import GOLDEN
from tnet.codegen import generate

PROGRAMS = sorted((GOLDEN / "codegen").glob("*.tnet"))
GALLERY = sorted(path for path in SPECS.glob("*.tnet") if path.stem != "finetune")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_source(path, golden):
    *_, net = nets_of(path).values()
    golden(path.with_suffix(".py"), generate(net))


@pytest.mark.parametrize("path", [*PROGRAMS, *GALLERY], ids=lambda path: path.stem)
def test_does_what_the_ir_says(path):
    """M2: sequences, ordered and named, functional and module activations, as the spec says them."""
    for net in nets_of(path, **SMALLER.get(path.stem, {})).values():
        check(net, (True, False) if path in PROGRAMS else (True,))


@pytest.mark.parametrize("path", [*PROGRAMS, *GALLERY], ids=lambda path: path.stem)
def test_is_clean(path):
    for net in nets_of(path, **SMALLER.get(path.stem, {})).values():
        text = generate(net)
        assert ruff("check", text=text) == ruff("format", "--diff", text=text) == ""
        assert imported(text) <= {"torch", "torchvision", "collections", "functools", "einops"}
        assert generate(net) == text


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_is_one_graph(path):
    """R8: torch.compile takes each net whole, loops over copies included, and torch.export takes it too."""
    *_, net = nets_of(path).values()
    if net.random_repeats:
        return
    built, inputs = model(net).eval(), sample(net)
    compiled = torch.compile(deepcopy(built), fullgraph=True, backend="eager")  # each updates buffers of its own
    exported = torch.export.export(deepcopy(built), inputs).module()
    expected = list(tensors(built(*inputs)))
    assert_same([expected, expected], [list(tensors(compiled(*inputs))), list(tensors(exported(*inputs)))])


LARGE = {"alexnet", "densenet", "efficientnet", "inception", "pieces", "resnet", "squeezenet", "unet", "vit"}


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.stem, marks=pytest.mark.slow if path.stem in LARGE else ()) for path in GALLERY]
)
@torch._dynamo.config.patch(allow_rnn=True)  # torch leaves its recurrent layers out of graphs unless asked
def test_gallery_is_one_graph(path):
    """R8: every spec but those with random depth, which say so."""
    for net in nets_of(path, **SMALLER.get(path.stem, {})).values():
        if net.random_repeats:
            continue
        torch._dynamo.reset()
        built, inputs = model(net).eval(), sample(net)
        compiled = torch.compile(built, fullgraph=True, backend="eager")
        torch.manual_seed(0)  # some draw noise
        expected = list(tensors(built(*inputs)))
        torch.manual_seed(0)
        assert_same([expected], [list(tensors(compiled(*inputs)))])


def test_random_depth_is_compiled_in_parts():
    """M13, R8: a net with a random repeat is no full graph, and runs the same without one."""
    (net,) = nets_of(GOLDEN / "codegen" / "depth.tnet").values()
    built, inputs = model(net), sample(net)
    with pytest.raises(torch._dynamo.exc.TorchDynamoException):
        torch.compile(built, fullgraph=True, backend="eager")(*inputs)
    compiled = torch.compile(built, backend="eager")
    for seed in range(4):
        results = []
        for forward in (built, compiled):
            torch.manual_seed(seed)
            results.append([forward(*inputs)])
        assert_same(*([result] for result in results))


def test_there_are_programs():
    assert len(PROGRAMS) >= 3 and len(GALLERY) >= 8
