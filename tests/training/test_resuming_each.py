"""Each thing that a run can be made of, stopped after every step: what comes of it is the run that never stopped."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from stopped_runs import assert_same_runs

import tnet
from tnet.training import parts

BASE = """
net Tiny(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {
  conv: Conv2d(4, 3, padding=1, bias=false) -> norm: BatchNorm2d -> relu
  MaxPool2d(4)
  flatten(1)
  Dropout(0.2)
  head: Linear(10)
}

data {
  train = Digits()
  split = [32, 12, 12]
  augment: { RandomAffine(degrees=8, translate=[0.08, 0.08]) }
  transform: { Normalize(mean="auto", std="auto") }
}

train {
  epochs    = 2
  batch     = 12
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.1, momentum=0.9)
  metrics   = [accuracy]
  log_every = 1
  evaluate  = 2 steps
  compile   = false
}
"""
"""Three steps an epoch, the last of eight samples."""
GAN = (Path(__file__).parents[2] / "specs/gan.tnet").read_text()
Changed = list[tuple[str, str]]


def setting(text: str) -> Changed:
    return [("  compile ", f"  {text}\n  compile ")]


def optimizer(text: str) -> Changed:
    return [("SGD(lr=0.1, momentum=0.9)", text)]


def rules(text: str) -> Changed:
    return [("data {", f"parameters {{ {text} }}\n\ndata {{")]


def loss(text: str) -> Changed:
    return [("CrossEntropyLoss()", text)]


TRICKS: dict[str, Changed] = {
    "SGD with momentum": [],
    "AdamW": optimizer("AdamW(lr=0.01, amsgrad=true)"),
    "LBFGS": optimizer('LBFGS(lr=0.5, max_iter=3, history_size=2, line_search_fn="strong_wolfe")'),
    "Adafactor": optimizer("Adafactor(lr=0.1)"),
    "ASGD": optimizer("ASGD(lr=0.01)"),
    "Muon and others by rule": rules("head.weight { optimizer = Muon(lr=0.02) }; norm { optimizer = Adam(lr=0.01) }"),
    "SWA": setting("swa = SWA(start=0.4, lr=0.05, every=1 step)"),
    "EMA": setting("ema = 0.9"),
    "fp16": setting('precision = "fp16"; accumulate = 2; clip_norm = 1; on_nan = "skip"'),
    "bf16": setting('precision = "bf16"'),
    "float64": setting('dtype = "float64"'),
    "mixup": setting("mixup = 0.2"),
    "cutmix": setting("cutmix = 1.0; accumulate = 3"),
    "plateau": setting('schedule = LinearLR(start_factor=0.1) for 2 steps -> ReduceLROnPlateau(patience=0)'),
    "schedule by epochs": setting('schedule = ExponentialLR(gamma=0.5); schedule_per = "epoch"'),
    "schedules by rule": setting("schedule = OneCycleLR(max_lr=0.3)")
    + rules(
        "head { schedule = StepLR(2 steps) }; conv { schedule = LinearLR for 2 steps -> PolynomialLR }"
    ),
    "early stopping": setting('early_stop = Patience(1, monitor="val.accuracy")') + [("epochs    = 2", "epochs = 5")],
    "thaws": rules("conv { freeze = 1 epoch }; norm { freeze = 2 steps }"),
    "histograms": rules("head { histogram = true }"),
    "independent losses": loss("[cross_entropy(logits, target), cross_entropy(logits, target, label_smoothing=0.2)]"),
    "two players": rules("head { loss = cross_entropy(logits, target, label_smoothing=0.3) }"),
    "a loss with parameters": loss("Center(0.1)") + [("  metrics   = [accuracy]\n", ""), ("net Tiny", """
block Center(weight)(output, target) {
  parameter centers: float[10, 10] = zeros
  return cross_entropy(output, target) + weight * ((output - centers[target]) ** 2).mean()
}

net Tiny""")],
    "parametrizations": rules("head { parametrize = spectral_norm; l1 = 1e-4 }; conv { parametrize = weight_norm }"),
    "a follower": rules('target { follow = Ema("head", 0.9) }; head.weight { max_norm = 1 }') + [
        ("  head: Linear(10)", "  y = x.detach() -> target: Linear(10)\n  x = x -> head: Linear(10)\n  x = x + 0 * y")
    ],
    "random depth": [("  Dropout(0.2)", "  Linear(4)\n  repeat randint(0, 4) shared { Linear(4) }")],
    "a teacher": setting('distill = Distill("teacher.tnet", weights="teacher.pt", temperature=4)'),
    "the best one": setting('checkpoint = Checkpoint(every=2 steps, keep=1, best="val.accuracy")'),
    "steps": [("epochs    = 2", "steps = 5")],
    "five crops": [("  transform:", "  prepare: { Resize(10); FiveCrop(8) }\n  transform:")],
    "two views": [
        ("image: float[N, 1, 8, 8])", "image: float[N, 1, 8, 8], other: float[N, 1, 8, 8])"),
        ("  conv:", "  x = x + other\n  conv:"), ("split =", "views = 2\n  split ="),
    ],
}  # fmt: skip

PICTURES: Changed = [
    ("image: float[N, 1, 8, 8]", "image: float[N, 3, 8, 8]"), ("float[N, 10]", "float[N, 2]"),
    ("Linear(10)", "Linear(2)"),
    ("split = [32, 12, 12]", "split = [0.8, 0.2]"),
]  # fmt: skip


def pictures(source: str) -> Changed:
    return [*PICTURES, ("Digits()", source)]


def recipe(net: str, data: str, loss: str = "CrossEntropyLoss()", more: str = "") -> str:
    settings = f"epochs = 2; batch = 12; loss = {loss}; optimizer = SGD(lr=0.1); log_every = 1; compile = false"
    return f"{net}\n{more}\ndata {{ {data} }}\ntrain {{ {settings} }}"


DATA: dict[str, Changed | str] = {
    "a worker": [("Digits()", "Digits(); workers = 1")],
    "shards": pictures('Shards("{{0..1}}.tar", buffer=5)'),
    "bad samples": pictures('ImageFolder("photos"); on_bad_sample = "skip"; workers = 0'),
    "bad samples and a worker": pictures('ImageFolder("photos"); on_bad_sample = "skip"; workers = 1'),
    "text": recipe(
        "net G(tokens: int[N, T=8]) -> float[N, T, 256] { Embedding(256, 8); Linear(256) }",
        'train = Text("corpus.txt", block=8); split = [0.8, 0.2]',
        "cross_entropy(output.flatten(0, 1), target.flatten())",
    ),
    "sparse gradients": recipe(
        "net S(ids: int[N, 3]) -> float[N, 4] { Embedding(40, 8, sparse=true); flatten(1); Linear(4) }",
        'train = Tensors("ids.npz")', more="parameters { :embedding { optimizer = SparseAdam(lr=0.05) } }",
    ),
    "own data": recipe(
        "use resumed_draws: Drawn\nnet Tiny(v: float[N, 4]) -> float[N, 10] { Linear(10) }",
        "train = Drawn(); workers = 0",
    ),
    "gan": GAN.replace("batch     = 64", "batch = 600").replace(
        "epochs    = 40", "steps = 5; log_every = 1; compile = false; ema = 0.9; accumulate = 2"
    ),
}  # fmt: skip

BAD: Changed = [
    ("Digits()", 'Tensors("bad.npz")'), ("  augment: { RandomAffine(degrees=8, translate=[0.08, 0.08]) }\n", ""),
    ('  transform: { Normalize(mean="auto", std="auto") }\n', ""), ("split = [32, 12, 12]", "split = [40, 4, 4]"),
]  # fmt: skip
BAD_NUMBERS = {
    "skip": BAD + setting('on_nan = "skip"'),
    "rollback": BAD + setting('on_nan = "rollback"; ema = 0.9; checkpoint = Checkpoint(every=3 steps, keep=1)'),
    "rollback to the best one": BAD + setting('on_nan = "rollback"; checkpoint = Checkpoint(best="val.accuracy")'),
    "rollback from an anomaly": BAD + setting('on_nan = "rollback"; anomaly = true'),
}
EACH = TRICKS | DATA | BAD_NUMBERS

OWN = """
import random

import numpy as np
import torch


class Drawn:
    targets = [number % 10 for number in range(32)]

    def __len__(self):
        return 32

    def __getitem__(self, index):
        drawn = [random.random(), float(np.random.rand()), float(torch.rand(())), float(index)]
        return torch.tensor(drawn), self.targets[index]
"""


def png(rng) -> bytes:
    content = io.BytesIO()
    PIL.Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)).save(content, "PNG")
    return content.getvalue()


def shard(path: Path, rng) -> None:
    with tarfile.open(path, "w") as tar:
        for number in range(18):
            for ending, content in (("png", png(rng)), ("cls", b"%d" % (number % 2))):
                entry = tarfile.TarInfo(f"{path.stem}{number:02}.{ending}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of each kind that the specs read."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    for number in range(2):
        shard(folder / f"{number}.tar", rng)
    for number in range(30):
        path = folder / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(rng) if number % 11 else b"no picture")
    (folder / "corpus.txt").write_bytes(bytes(rng.integers(97, 122, 300).tolist()))
    images = rng.normal(size=(48, 1, 8, 8)).astype("float32")
    images[17] = np.nan
    np.savez(folder / "bad.npz", image=images, target=np.arange(48) % 10)
    np.savez(folder / "ids.npz", ids=rng.integers(0, 40, (32, 3)), target=np.arange(32) % 4)
    (folder / "teacher.tnet").write_text("net T(image: float[N, 1, 8, 8]) -> float[N, 10] { flatten(1); Linear(10) }")
    torch.save({"linear.weight": torch.ones(10, 64), "linear.bias": torch.ones(10)}, folder / "teacher.pt")
    (folder / "resumed_draws.py").write_text(OWN)
    return folder


@pytest.fixture
def stopped(files, tmp_path, monkeypatch, stops):
    """Trains a spec without a stop, and with stops at steps; both runs' folders."""
    monkeypatch.chdir(files)
    monkeypatch.setattr(parts, "require_gpu", lambda *_: None)  # torch's scaler of fp16 works on the CPU as well
    monkeypatch.delitem(sys.modules, "resumed_draws", raising=False)

    def run(case: Changed | str, at) -> tuple[Path, Path]:
        text = case if isinstance(case, str) else BASE
        for before, after in () if isinstance(case, str) else case:
            assert before in text
            text = text.replace(before, after)
        (files / "spec.tnet").write_text(text)
        load = lambda: tnet.load("spec.tnet", allow=["resumed_draws"])  # noqa: E731
        whole = load().train(out=tmp_path / "whole")
        stops.at = list(at)
        last, times = load().train(out=tmp_path / "run"), 1
        while last.stopped:
            last, times = load().train(out=tmp_path / "run", resume=True), times + 1
        end = json.loads((whole.path / "metrics.jsonl").read_text().splitlines()[-1])["step"]
        assert times > len([step for step in at if step < end]) > 0
        assert {**last.metrics, "seconds": 0} == {**whole.metrics, "seconds": 0}
        return whole.path, last.path

    return run


AT = (1, 2, 4)
"""Three stops: two in a row in the first epoch, and one in the second."""


@pytest.mark.parametrize("name", EACH)
def test_a_run_that_stops_is_the_run_that_never_stopped(stopped, name):
    """Weights, averages, optimizers, schedules, random states, order of samples, `metrics.jsonl`, the result."""
    assert_same_runs(*stopped(EACH[name], AT))


@pytest.mark.slow
@pytest.mark.parametrize("at", [range(1, 60), (3, 4, 5)])
@pytest.mark.parametrize("name", EACH)
def test_it_may_stop_anywhere(stopped, name, at):
    """After each step; and for a rollback, between the bad sample and the end of the interval, which shows it."""
    assert_same_runs(*stopped(EACH[name], at))


def compiled(case: Changed | str) -> Changed | str:
    return case.replace("compile = false", "") if isinstance(case, str) else [*case, ("  compile   = false\n", "")]


def with_workers(case: Changed | str) -> Changed | str:
    if isinstance(case, str):
        return case.replace("workers = 0", "workers = 2")
    fewer = [(before, after.replace("; workers = 0", "")) for before, after in case]
    return [*fewer, ("  split =", "  workers = 2\n  split =")]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*TRICKS, "text", "gan", "sparse gradients"])
def test_compiled_runs_too(stopped, name):
    assert_same_runs(*stopped(compiled(EACH[name]), AT))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["shards", "bad samples", "own data"])
def test_two_workers_too(stopped, name):
    assert_same_runs(*stopped(with_workers(EACH[name]), AT))
