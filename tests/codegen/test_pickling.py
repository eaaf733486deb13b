"""Instances of generated classes pickle, copy, compile, export and show their source, in any process."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from tests.codegen.programs import model, net
from tnet.codegen import generate, load

SPEC = """
block Layer(width) {
  N, T, C = x.shape
  y = (x -> inner: Linear(2 * width)).view(N, T * 2, width)
  x += y[:, :T] -> norm: LayerNorm
}

# Layers over tokens.
net Model(tokens: int[N, T=8]) -> float[N, T, 4] {
  parameter position: float[16, 8] = normal(std=0.02)
  embed: Embedding(32, 8)
  x = x + position[:T]
  layers: repeat 3 { Layer(8) }
  head: Linear(4)
}
"""


@pytest.fixture(scope="module")
def built() -> torch.nn.Module:
    return model(net(SPEC)).eval()


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randint(32, (2, 6), generator=torch.Generator().manual_seed(0))


def test_a_fresh_process_loads_it_without_importing_tnet(built, tokens, tmp_path):
    """M19: saving a whole model."""
    torch.save(built, tmp_path / "model.pt")
    with open(tmp_path / "parts.pickle", "wb") as file:
        pickle.dump((built, built.layers[1], tokens, built(tokens)), file)
    program = """
import pickle, sys, torch
model, layer, tokens, expected = pickle.load(open("parts.pickle", "rb"))
assert torch.equal(model(tokens), expected)
assert type(layer) is type(model.layers[0]) and layer is model.layers[1]
assert torch.equal(torch.load("model.pt", weights_only=False)(tokens), expected)
assert torch.equal(pickle.loads(pickle.dumps(model))(tokens), expected)
print([name for name in sys.modules if name.split(".")[0] in ("tnet", "lark", "sympy")])
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", *sys.path])}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "tnet.codegen.pickling" in done.stdout and "tnet.catalog" not in done.stdout and "lark" not in done.stdout


def test_deepcopy(built, tokens):
    twin = copy.deepcopy(built)
    assert torch.equal(twin(tokens), built(tokens))
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in built.parameters()}


def test_a_class_that_inherits_pickles_as_usual(built):
    class Local(type(built)):
        pass

    with pytest.raises((AttributeError, pickle.PicklingError), match="Local"):
        pickle.dumps(Local())


class Predictions(Dataset):
    def __init__(self, model: torch.nn.Module):
        self.model = model

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.model(torch.full((1, 4), index)).detach()


def test_spawned_loader_workers(built):
    loader = DataLoader(Predictions(built), num_workers=1, multiprocessing_context="spawn", batch_size=None)
    assert [each.shape for each in loader] == [(1, 4, 4), (1, 4, 4)]


def test_compiles_to_one_graph(built, tokens):
    """R8: through torch.compile, with any size."""
    compiled = torch.compile(copy.deepcopy(built), fullgraph=True, backend="eager", dynamic=True)
    assert torch.equal(compiled(tokens), built(tokens))
    assert compiled(tokens[:, :4]).shape == (2, 4, 4)


def test_exports(built, tokens):
    sizes = {"tokens": {0: torch.export.Dim("N"), 1: torch.export.Dim("T", max=16)}}
    exported = torch.export.export(built, (tokens,), dynamic_shapes=sizes).module()
    torch.testing.assert_close(exported(tokens), built(tokens))
    assert exported(tokens[:1, :3]).shape == (1, 3, 4)


def test_conditions_are_said_on_entry(built):
    with pytest.raises(ValueError, match="T <= 16 is needed, got T = 20"):
        built(torch.zeros(1, 20, dtype=torch.long))


def test_tracebacks_and_inspect_show_the_source(built):
    assert inspect.getsource(type(built)).startswith('class Model(nn.Module):\n    """Layers over tokens."""')
    assert "self.norm(" in inspect.getsource(type(built.layers[0]).forward)
    try:
        built(torch.zeros(1, 20, dtype=torch.long))
    except ValueError:
        assert "raise ValueError(f" in traceback.format_exc()


def test_a_text_is_run_once_and_texts_do_not_mix():
    first, second = (generate(net(SPEC.replace("repeat 3", f"repeat {count}"))) for count in (1, 2))
    assert load(first, "Model", "model.tnet") is load(first, "Model", "other.tnet")
    models = [load(text, "Model", "model.tnet") for text in (first, second)]
    assert models[0] is not models[1]
    assert [inspect.getsource(each) in text for each, text in zip(models, (first, second), strict=True)] == [True, True]


def test_a_file_that_holds_the_text_is_what_tracebacks_name(tmp_path):
    text = generate(net(SPEC.replace("repeat 3", "repeat 5")))
    path = tmp_path / "model.py"
    path.write_text(text)
    assert inspect.getfile(load(text, "Model", str(path))) == str(path)
