"""D12: data sets and transforms of the user's own Python, by `use`."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

import tnet
from tnet.cli.main import main
from tnet.diagnostics import SpecError

torch.set_num_threads(1)

CODE = '''
import random
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset


class Audio(Dataset):
    """Waveforms from files of raw samples, with the class that the file's name begins with."""

    def __init__(self, folder: Path, rate=8, noise=0.0):
        self.files = sorted(Path(folder).glob("*.npy"))
        self.rate, self.noise = rate, noise
        self.targets = [int(file.name[0]) for file in self.files]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        wave = np.load(self.files[index])[: 4 * self.rate]
        wave = wave + self.noise * (random.random() + np.random.rand() + torch.rand(1).item())
        return wave.astype(np.float32)[None], self.targets[index]


class Sentences:
    """Tokenised text as maps, of which the net takes `tokens` and the loss `target`."""

    def __init__(self, count, vocabulary=10, fails_at=None, short_at=None, holds=None):
        self.count, self.vocabulary, self.fails_at = count, vocabulary, fails_at
        self.short_at, self.holds = short_at, holds

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index == self.fails_at:
            raise SystemExit(f"no sentence {index}")
        words = [(index * 7 + place) % self.vocabulary for place in range(5 if index == self.short_at else 6)]
        return {"target": index % 3, "tokens": torch.tensor(words), **({"rest": object()} if self.holds else {})}


class Gain(nn.Module):
    def __init__(self, most):
        super().__init__()
        self.most = most
        if most < 0:
            raise ValueError("most is below 0")

    def forward(self, wave):
        return wave * (1 + self.most * torch.rand(1))


class Broken:
    def __init__(self):
        raise RuntimeError("no clips here")

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return 0


class Endless(IterableDataset):
    def __iter__(self):
        return iter([])


class NoLength:
    def __getitem__(self, index):
        return 0


def shifted(wave, by=1.0):
    return wave + by


def subset(data, first):
    return torch.utils.data.Subset(data, range(first))
'''

TRAIN = """
train {
  steps     = 2
  batch     = 4
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.1)
  compile   = false
  device    = "cpu"
}
"""

AUDIO = (
    """
use {name}.data: Audio, Gain, shifted

net Tagger(wave: float[N, 1, 32]) -> float[N, 3] {
  Conv1d(4, 5) -> relu -> mean(-1)
  Linear(3)
}

data {
  train = Audio("clips", rate=8)
  split = [0.75, 0.25]
  transform: { shifted(by=0.5) }
}
"""
    + TRAIN
)

TEXT = (
    """
use {name}.data: Sentences, Broken, Endless, NoLength, Gain, subset, shifted

net Reader(tokens: int[N, 6]) -> float[N, 3] {
  Embedding(10, 4) -> mean(1)
  Linear(3)
}

data {
  train = Sentences(8)
}
"""
    + TRAIN
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package beside the spec, by a name of its own, with clips; what it does to Python is undone."""
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "data.py").write_text(CODE)
    (tmp_path / "clips").mkdir()
    generator = torch.Generator().manual_seed(0)
    for number in range(12):
        wave = torch.randn(40, generator=generator).numpy()
        with open(tmp_path / "clips" / f"{number % 3}-{number}.npy", "wb") as file:
            np.save(file, wave)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = list(sys.path)
    yield name
    sys.path[:] = before
    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[module]


def written(tmp_path, package, text):
    file = tmp_path / "own.tnet"
    file.write_text(text.replace("{name}", package))
    return file


def load(tmp_path, package, text, **options):
    return tnet.load(written(tmp_path, package, text), allow=[package], **options)


def trained_by_hand(spec, batches):
    """SGD over these batches from the spec's own start."""
    model = spec.model().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for given, target in batches:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(given), target).backward()
        optimizer.step()
    return model.state_dict()


def assert_equal_weights(found, expected):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("workers", [0, 1])
def test_waveforms_train_as_by_hand(tmp_path, package, workers):
    """D12: tuples of an array and a number, a path from the spec's folder, a transform, workers."""
    spec = load(tmp_path, package, AUDIO, overrides={"data.workers": workers})
    order = torch.cat(spec.data().train.chunks(0))
    own = sys.modules[f"{package}.data"]
    clips = own.Audio(tmp_path / "clips", rate=8)
    samples = [clips[int(index)] for index in order]
    assert sorted(label for _, label in samples) == [0] * 3 + [1] * 3 + [2] * 3  # stratified by `targets`
    batches = [
        (torch.stack([torch.from_numpy(wave) + 0.5 for wave, _ in part]), torch.tensor([label for _, label in part]))
        for part in (samples[:4], samples[4:8])
    ]
    run = spec.train(tmp_path / "run")
    assert_equal_weights(run.model.state_dict(), trained_by_hand(spec, batches))


def test_tokens_train_as_by_hand(tmp_path, package):
    """D12: maps, of which the net takes what it names."""
    spec = load(tmp_path, package, TEXT)
    order = torch.cat(spec.data().train.chunks(0))
    sentences = sys.modules[f"{package}.data"].Sentences(8)
    samples = [sentences[int(index)] for index in order]
    batches = [
        (torch.stack([each["tokens"] for each in part]), torch.tensor([each["target"] for each in part]))
        for part in (samples[:4], samples[4:])
    ]
    run = spec.train(tmp_path / "run")
    assert_equal_weights(run.model.state_dict(), trained_by_hand(spec, batches))


def test_own_draws_are_keyed_by_epoch_and_sample(tmp_path, package):
    """D12: neither the workers nor where one starts change a sample; the next epoch does; no generator is moved."""
    text = AUDIO.replace("rate=8", "noise=1.0").replace("transform: { shifted(by=0.5) }", "augment: { Gain(0.5) }")
    train = load(tmp_path, package, text).data().train
    state = torch.get_rng_state()
    first = list(train.epoch(3))
    assert torch.equal(torch.get_rng_state(), state)
    again = list(train.epoch(3, start=1))
    by_worker = list(load(tmp_path, package, text, overrides={"data.workers": 1}).data().train.epoch(3))
    assert all(torch.equal(a["wave"], b["wave"]) for a, b in zip(first[1:], again, strict=True))
    assert all(torch.equal(a["wave"], b["wave"]) for a, b in zip(first, by_worker, strict=True))
    every = [{int(i): wave for i, wave in pairs(train, number)} for number in (3, 4)]
    assert all(not torch.equal(every[0][index], every[1][index]) for index in every[0])


def pairs(loader, epoch):
    waves = torch.cat([batch["wave"] for batch in loader.epoch(epoch)])
    return zip(torch.cat(loader.chunks(epoch)), waves, strict=True)


def test_functions_give_data_sets_and_take_them(tmp_path, package):
    spec = load(tmp_path, package, TEXT.replace("Sentences(8)", "subset(Sentences(8), 5)"))
    assert spec.data().train.count == 5
    assert spec.data_recipe.given["train"] == "subset(Sentences(8), 5)"


def test_an_override_of_an_argument(tmp_path, package):
    text = TEXT.replace("Sentences(8)", "Sentences(count=8)")
    assert load(tmp_path, package, text, overrides={"data.train.count": 3}).data().train.count == 3


def test_counts_read_no_sample(tmp_path, package):
    text = TEXT.replace("Sentences(8)", "Sentences(8, fails_at=0)\n  split = [0.5, 0.5]")
    assert load(tmp_path, package, text).data_recipe.counts() == {"train": 4, "val": 4}


def test_the_command_line(tmp_path, package, capsys, monkeypatch):
    """D12: check, plan, train, resume, eval and predict, from another folder; without permission nothing is run."""
    file = written(tmp_path, package, AUDIO)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run, clip = tmp_path / "run", tmp_path / "clip.npy"
    np.save(clip, torch.arange(32.0).view(1, 32).numpy())
    commands = [
        ["check", file],
        ["plan", file],
        ["train", file, "--out", run],
        ["train", "--resume", run, "train.steps=4", "--accept-changes"],
        ["eval", run],
        ["predict", run, clip],
    ]
    for command in commands:
        assert main([*map(str, command), "--allow", package]) == 0, capsys.readouterr()
    del sys.modules[f"{package}.data"], sys.modules[package]
    capsys.readouterr()
    for command in commands:
        assert main(list(map(str, command))) != 0
        assert "TN0505" in "".join(capsys.readouterr())
    assert package not in sys.modules


@pytest.mark.parametrize(
    ("source", "code", "marked", "message"),
    [
        ("Sentences()", "TN0302", "Sentences()", "needs `count`"),
        ("Sentences(8, vocab=3)", "TN0301", "vocab", "no argument `vocab`"),
        ("Sentences(8, 1, none, none, none, 6)", "TN0301", "6", "5 arguments"),
        ("Sentences(Resize(3))", "TN0303", "Resize(3)", "nothing that own Python code"),
        ("Sentences(Sentences(x=1))", "TN0301", "x", "no argument `x`"),
        ("Gain(0.5)", "TN0704", "Gain", "no data set: it has no `__len__`"),
        ("NoLength()", "TN0704", "NoLength", "no `__len__`"),
        ("Endless()", "TN0704", "Endless", "it has no `__len__`"),
    ],
)
def test_refused_before_anything_is_made(tmp_path, package, source, code, marked, message):
    with pytest.raises(SpecError) as raised:
        _ = load(tmp_path, package, TEXT.replace("Sentences(8)", source)).data_recipe
    (found,) = (each for each in raised.value.diagnostics if each.is_error)
    assert (found.code, found.span.text) == (code, marked) and message in found.message


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("Broken()", "TN0702", "making `Broken` fails at data.py:"),
        ("Broken()", "TN0702", ": RuntimeError: no clips here"),
        ("shifted(1)", "TN0704", "`shifted` is no data set"),
        ("subset(Sentences, 3)", "TN0702", "`subset`"),
        ("Sentences(0)", "TN0702", "`Sentences` has no samples"),
        ('Sentences("a")', "TN0702", "the length of `Sentences` fails"),
        ("Sentences(8, fails_at=3)", "TN0702", "sample 3 of `Sentences` fails at data.py:"),
        ("Sentences(8, fails_at=3)", "TN0702", ": SystemExit: no sentence 3"),
        ("Sentences(8, short_at=0)", "TN0703", "the net takes `tokens: int64[N, 6]`"),
        ("Sentences(8, short_at=2)", "TN0703", "samples of different size in a batch: `tokens`"),
        ("Sentences(8, holds=true)", "TN0703", "`rest` of sample 0 of `Sentences` is of type object"),
    ],
)
@pytest.mark.parametrize("workers", [0, 1])
def test_what_fails_names_the_sample_and_the_line(tmp_path, package, source, code, message, workers):
    spec = load(tmp_path, package, TEXT.replace("Sentences(8)", source), overrides={"data.workers": workers})
    with pytest.raises(SpecError) as raised:
        list(spec.data().train)
    (found,) = raised.value.diagnostics
    assert found.code == code and message in found.message and found.span.text == source


@pytest.mark.parametrize(
    ("step", "code", "message"),
    [
        ("Gain()", "TN0302", "needs `most`"),
        ("Gain(-1)", "TN0304", "making `Gain` fails at data.py:"),
        ("shifted(to=1)", "TN0301", "no argument `to`"),
        ("Audio(1)", "TN0304", "making `Audio` fails"),
        ('shifted("a")', "TN0703", "shifted` cannot be applied to `wave: float32[1, 32]`, at data.py:"),
    ],
)
def test_transforms_that_cannot_be(tmp_path, package, step, code, message):
    with pytest.raises(SpecError) as raised:
        load(tmp_path, package, AUDIO.replace("shifted(by=0.5)", step)).data()
    assert [each.code for each in raised.value.diagnostics] == [code]
    assert message in raised.value.diagnostics[0].message
