"""Training against the same work by hand and in the peers, epochs taken in turns in one process.

tnet's runs have everything on: metrics, logging, checkpoints, progress. The peers have what they can leave out left
out. `python -m benchmarks.training [--threads N] [ROW …]`; Lightning and Keras come with the extra `benchmarks`.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from .turns import rounds_of, spread

os.environ.setdefault("KERAS_BACKEND", "torch")
Epoch = Callable[[], object]
BATCH = 32
EPOCHS = 5
"""Epochs of a round, so that each of tnet's has an evaluation, and every second one a checkpoint."""
TAIL = """
data {{
  train = Digits()
  split = [0.8, 0.1, 0.1]
}}

train {{
  epochs    = 100000
  batch     = {batch}
  loss      = CrossEntropyLoss()
  optimizer = AdamW(lr=1e-3)
  metrics   = [accuracy]
  checkpoint = Checkpoint(every=10 epochs, keep=2)
  evaluate  = 5 epochs
}}
"""
REGIONS_TAIL = """
train {
  epochs    = 100000
  batch     = 8
  loss      = cross_entropy(output.flatten(0, 1), target.flatten())
  optimizer = AdamW(lr=1e-3)
  checkpoint = none
  evaluate  = none
}
"""
MLP = """
net MLP(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {
  flatten(1)
  Linear(64)
  ReLU
  Linear(10)
}
"""
CONV = """
net Conv(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {
  Conv2d(16, 3, padding=1) -> BatchNorm2d -> ReLU
  Conv2d(32, 3, padding=1) -> BatchNorm2d -> ReLU
  MaxPool2d(2)
  flatten(1)
  Linear(10)
}
"""


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(1), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(1), nn.Linear(32 * 16, 10),
    )  # fmt: skip


def digits() -> tuple[Tensor, Tensor]:
    """The training samples of `TAIL`, as many and as large."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return torch.tensor(data.images, dtype=torch.float32)[:1437, None] / 16, torch.tensor(data.target)[:1437]


def images() -> tuple[Tensor, Tensor]:
    """Colour images of 32×32 pixels for ResNet-18: 10 batches of 64."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(640, 3, 32, 32, generator=generator), torch.randint(10, (640,), generator=generator)


# ---- the ways to train -----------------------------------------------------------------------------------------------


def eager_by_hand(net: nn.Module, data: tuple[Tensor, Tensor], batch: int) -> Epoch:
    """As a handbook writes it."""
    loader = DataLoader(TensorDataset(*data), batch_size=batch, shuffle=True)
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.AdamW(net.parameters(), lr=1e-3)

    def epoch() -> float:
        running = 0.0
        for image, target in loader:
            optimizer.zero_grad()
            loss = criterion(net(image), target)
            loss.backward()
            optimizer.step()
            running += loss.item()
        return running

    return epoch


def compiled_by_hand(net: nn.Module, data: tuple[Tensor, Tensor], batch: int, optimizer_too: bool = True) -> Epoch:
    """The fastest loop by hand: net and loss as one graph, batches by indexing, and the optimizer's step compiled, with
    a rate that is a tensor. Without `optimizer_too`, as most would write it.
    """
    images, labels = data
    rate = torch.tensor(1e-3) if optimizer_too else 1e-3
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate)
    forward = torch.compile(lambda image, target: F.cross_entropy(net(image), target))
    update = torch.compile(optimizer.step) if optimizer_too else optimizer.step

    def epoch() -> Tensor:
        running = torch.zeros(())
        for chosen in torch.randperm(len(images)).split(batch):
            if len(chosen) < batch:
                continue
            optimizer.zero_grad()
            loss = forward(images[chosen], labels[chosen])
            loss.backward()
            update()
            running += loss.detach()
        return running

    return epoch


def by_tnet(text: str, folder: Path, data: tuple[Tensor, Tensor] | None = None, batch: int = BATCH) -> Epoch:
    """`tnet train`, an epoch at a time."""
    import tnet
    from tnet.training.parts import assemble
    from tnet.training.sitting import sitting

    parts = assemble(tnet.loads(text + TAIL.format(batch=batch)), data, print)
    here = sitting(parts, folder)
    here.loop.total_steps = 0

    def epoch() -> None:
        here.loop.total_steps += parts.per_epoch
        here.loop.run(parts.state)

    return epoch


def by_lightning(net: nn.Module, data: tuple[Tensor, Tensor], batch: int) -> Epoch:
    """Without its logger, checkpoints and progress bar."""
    import lightning

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.seconds = net, 0.0

        def training_step(self, batch, _):
            return F.cross_entropy(self.net(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.AdamW(self.parameters(), lr=1e-3)

    module = Module()
    loader = DataLoader(TensorDataset(*data), batch_size=batch, shuffle=True)
    options = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = lightning.Trainer(
        max_epochs=0, accelerator="cpu", devices=1, enable_model_summary=False, barebones=False, **options
    )

    def epoch() -> None:
        trainer.fit_loop.max_epochs += 1
        trainer.fit(module, loader)

    return epoch


def by_keras(layers: Callable, data: tuple[Tensor, Tensor], batch: int) -> Epoch:
    import keras

    model = keras.Sequential(layers(keras))
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    images, labels = data[0].permute(0, 2, 3, 1).numpy(), data[1].numpy()
    return partial(model.fit, images, labels, batch_size=batch, epochs=1, verbose=0)


def keras_mlp(keras) -> list:
    layer = keras.layers
    return [layer.Input((8, 8, 1)), layer.Flatten(), layer.Dense(64, activation="relu"), layer.Dense(10)]


def keras_conv(keras) -> list:
    layer = keras.layers
    stage = [(layer.Conv2D(width, 3, padding="same"), layer.BatchNormalization(), layer.ReLU()) for width in (16, 32)]
    return [layer.Input((8, 8, 1)), *stage[0], *stage[1], layer.MaxPooling2D(2), layer.Flatten(), layer.Dense(10)]


# ---- the rows --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """What tnet does, and what it is compared with: the least factor that it is to be faster by, for each peer."""

    text: str
    net: Callable[[], nn.Module]
    keras: Callable
    aims: Mapping[str, float]


ROWS = {
    "mlp": Row(MLP, mlp, keras_mlp, {"by hand": 2.0, "fastest by hand": 0.95, "Lightning": 3.5, "Keras": 7.0}),
    "conv": Row(CONV, conv, keras_conv, {"by hand": 1.5, "fastest by hand": 0.95, "Lightning": 1.8, "Keras": 3.5}),
}


def small(name: str, threads: int, folder: Path, rounds: int = 9) -> None:
    """Rows one to three of the table: steps a second, on digits."""
    row, data = ROWS[name], digits()
    work = {
        "tnet": by_tnet(row.text, folder),
        "by hand": eager_by_hand(row.net(), data, BATCH),
        "fastest by hand": compiled_by_hand(row.net(), data, BATCH),
        "Lightning": by_lightning(row.net(), data, BATCH),
        "Keras": by_keras(row.keras, data, BATCH),
    }
    measured = quietly(work, rounds)
    for peer, aim in row.aims.items():
        if name == "conv" and peer == "by hand" and threads > 1:
            aim = 1.3
        tell(f"{name} on digits, {threads} thread(s), against {peer}", measured, peer, aim)


def resnet(threads: int, folder: Path) -> None:
    """ResNet-18 on 32×32 images, batch 64, against the compiled loop by hand."""
    from torchvision.models import resnet18

    gallery = Path(__file__).parent.parent / "specs" / "resnet.tnet"
    text = gallery.read_text().split("\ndata {")[0].replace("hyper depth = 50", "hyper depth = 18")
    text = text.replace("hyper classes = 1000", "hyper classes = 10").split("\nparameters {")[0]
    work = {
        "tnet": by_tnet(text, folder, images(), 64),
        "by hand, compiled": compiled_by_hand(resnet18(num_classes=10), images(), 64, optimizer_too=False),
    }
    tell(f"ResNet-18, {threads} thread(s)", quietly(work, 7, epochs=1), "by hand, compiled", 0.97)


def process(threads: int, folder: Path) -> None:
    """From the start of a process to a trained model: 15 epochs of the digits spec, eager."""
    spec = Path(__file__).parent.parent / "specs" / "digits.tnet"
    hand = Path(__file__).parent / "digits_by_hand.py"
    tnet = [
        sys.executable,
        "-m",
        "tnet",
        "train",
        str(spec),
        "train.compile=false",
        f"train.threads={threads}",
    ]

    def run_tnet() -> None:
        out = folder / str(time.monotonic_ns())
        subprocess.run([*tnet, "--out", str(out)], check=True, capture_output=True)

    def run_hand() -> None:
        subprocess.run([sys.executable, str(hand), str(threads)], check=True, capture_output=True)

    measured = rounds_of({"tnet": run_tnet, "by hand": run_hand}, 3)
    tell(f"a process to trained digits, {threads} thread(s)", measured, "by hand", 1.0)


COLD = """
import sys, time, torch, tnet
from tnet.training import regions
from tnet.training.parts import assemble
from tnet.training.sitting import sitting

torch.set_num_threads(int(sys.argv[1]))
if sys.argv[2] == "whole":
    regions.COPIES = 10**6
text = open(sys.argv[3]).read().split("\\ndata {")[0] + sys.argv[4]
tokens = torch.randint(256, (320, 65))
parts = assemble(tnet.loads(text, depth=24, width=128, context=64), (tokens[:, :-1], tokens[:, 1:]), print)
here = sitting(parts, __import__("pathlib").Path(sys.argv[5]))
times = []
for _ in range(12):
    here.loop.total_steps += 1
    started = time.perf_counter()
    here.loop.run(parts.state)
    times.append(time.perf_counter() - started)
print(sum(times[:2]), min(times[3:]))
"""
"""A process without cached kernels: the seconds of the first two steps, the second of which compiles, and of a later
one."""


def first_step(threads: int, folder: Path) -> None:
    """The first steps of a transformer of 24 layers, each distinct block compiled once against all at once."""
    gallery = Path(__file__).parent.parent / "specs" / "gpt.tnet"
    found = {}
    for way in ("regions", "whole"):
        (folder / way).mkdir()
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": str(folder / way / "cache")}
        command = [sys.executable, "-c", COLD, str(threads), way, str(gallery), REGIONS_TAIL, str(folder / way)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        found[way] = tuple(map(float, done.stdout.split()[-2:]))
    (first, later), (whole, whole_later) = found["regions"], found["whole"]
    mark = "" if whole / first >= 1.5 and later <= 1.03 * whole_later else "  MISSED"
    ratio = f"first steps {whole / first:.2f} times as early by regions (aim 1.5){mark}"
    steps = f"later steps {later * 1e3:.0f} ms, whole {whole_later * 1e3:.0f} ms"
    print(
        f"24-layer transformer, {threads} thread(s): {ratio}   {first:.0f} s, whole {whole:.0f} s; {steps}", flush=True
    )


def quietly(work: Mapping[str, Epoch], rounds: int, epochs: int = EPOCHS) -> dict[str, list[float]]:
    """The seconds of each round of so many epochs, after two to warm up; what the peers print is kept away."""

    def repeated(epoch: Epoch) -> None:
        for _ in range(epochs):
            epoch()

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    turns = {name: partial(repeated, epoch) for name, epoch in work.items()}
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        for _ in range(2):
            for run in turns.values():
                run()
        return rounds_of(turns, rounds)


def tell(title: str, measured: Mapping[str, list[float]], peer: str, aim: float) -> None:
    own, other = (sorted(measured[name]) for name in ("tnet", peer))
    ratio = other[len(other) // 2] / own[len(own) // 2]
    mark = "" if ratio >= aim else "  MISSED"
    print(
        f"{title}: {ratio:.2f} times as fast (aim {aim:g}){mark}   tnet {spread(own)}, {peer} {spread(other)}",
        flush=True,
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("rows", nargs="*", default=[])
    parser.add_argument("--threads", type=int)
    options = parser.parse_args([] if arguments is None else arguments)
    if options.threads is None:
        for threads in (1, 2):
            command = [sys.executable, "-m", "benchmarks.training", "--threads", str(threads), *options.rows]
            subprocess.run(command, check=True)
        return
    torch.set_num_threads(options.threads)
    for name in options.rows or (*ROWS, "resnet", "process", "regions"):
        with tempfile.TemporaryDirectory() as folder:
            if name in ROWS:
                small(name, options.threads, Path(folder))
            else:
                {"resnet": resnet, "process": process, "regions": first_step}[name](options.threads, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
