"""Every spec of the gallery: it reads, its layout is canonical, and it is whole or names what is not done yet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from parity import class_of, compiled

import tnet
from tnet.compiler import compile_spec
from tnet.format import format_source
from tnet.source import Source
from tnet.syntax import parse

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.tnet"))
WILD = sorted((Path(__file__).parent / "wild").glob("*.tnet"))

NOT_DONE: dict[str, list[str]] = {}
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
    diagnostics = compiled(path).diagnostics
    assert {each.code for each in diagnostics} <= {"TN0001"}
    assert [f"{each.span.line}: {each.span.text}" for each in diagnostics] == NOT_DONE.get(path.stem, [])


HYPERS = {
    "autoencoder": {"width": 4},
    "bilinear": {"width": 4},
    "convnet": {"width": 4},
    "digits": {"width": 16},
    "distillation": {},
    "dynamic": {"width": 16},
    "gpt": {"depth": 2, "width": 16, "context": 8},
    "lenet": {"classes": 10},
    "lstm": {"width": 16},
    "mlp": {"hidden": [16]},
    "siamese": {"width": 4},
    "tabular": {"hidden": [16]},
    "triplets": {"width": 4},
    "vae": {"width": 32},
}
"""Specs that train at once, and what makes them small."""

small = pytest.mark.parametrize("name", HYPERS)


def pairs(folder: Path) -> None:
    """Images and copies of them, or other images."""
    random = np.random.default_rng(0)
    a, other = random.random((2, 64, 1, 28, 28), dtype=np.float32)
    alike = np.arange(64) % 2
    b = np.where(alike[:, None, None, None] == 1, a, other)
    np.savez(folder / "pairs.npz", a=a, b=b, target=alike.astype(np.float32))


DATA = {"siamese": pairs, "gpt": lambda folder: (folder / "corpus.txt").write_text("to be or not to be, " * 40)}
"""Specs that read files, and how to write some."""


@small
def test_a_few_steps_train(name, tmp_path):
    """M1 (two-layer conv net, MLP, LeNet), M3 (bilinear pooling), M13 (random depth), L10 (metric learning) and others:
    every weight gets a gradient, and thirty steps on a batch bring its loss down."""
    (tmp_path / f"{name}.tnet").write_text((ROOT / "specs" / f"{name}.tnet").read_text())
    DATA.get(name, lambda folder: None)(tmp_path)
    spec = tnet.load(tmp_path / f"{name}.tnet", **HYPERS[name])
    torch.manual_seed(0)
    model, loss, batch = spec.model(), spec.loss(), next(iter(spec.data().train))
    optimizer = spec.optimizer(model)
    inputs = [batch[value.name] for value in spec.net.root.inputs]
    losses, reached = [], set()
    for _ in range(30):
        optimizer.zero_grad()
        losses.append(loss(model(*inputs), batch))
        losses[-1].backward()
        reached |= {name for name, parameter in model.named_parameters() if parameter.grad is not None}
        optimizer.step()
    assert reached == {name for name, _ in model.named_parameters()}
    assert sum(losses[-5:]) < 0.97 * sum(losses[:5])


def test_unet_gives_a_mask():
    net = compile_spec(source(ROOT / "specs/unet.tnet"), {"width": 4, "depth": 2}).program.net()
    model = class_of(net)()
    output = model(torch.randn(2, 3, 16, 24))
    assert output.shape == (2, 2, 16, 24)
    output.square().sum().backward()
    assert all(parameter.grad.any() for parameter in model.parameters())
