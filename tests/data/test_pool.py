"""Workers end with whoever started them: a loader that is dropped, a program that ends or is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from by_hand import call, net, recipe

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")

SLOW = """
import time

class Slow:
    read = 0

    def __len__(self):
        return 4000

    def __getitem__(self, index):
        self.read += 1
        time.sleep(0.2 if self.read > 200 else 0)  # the first batch of a worker is made at once
        return float(index), index % 2
"""
SPEC = """
use slow: Slow
net A(v: float[N]) -> float[N, 2] { unsqueeze(1); Linear(2) }
data { train = Slow(); workers = 2 }
train { epochs = 1; batch = 200; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1) }
"""
PROGRAM = """
import tnet

train = tnet.load("a.tnet", allow=["slow"]).data().train
batches = iter(train)
next(batches)
print(*[each.pid for each in train.pool.loader._iterator._workers], flush=True)
"""
ENDINGS = {"ends": "", "interrupted": "list(batches)"}
PATIENCE = 10  # seconds; a batch takes 40


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_workers_end_with_their_loader(tmp_path, monkeypatch):
    for number in range(8):
        place = tmp_path / "photos" / str(number % 2)
        place.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(np.full((4, 4, 3), number, dtype=np.uint8)).save(place / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    photos = call("ImageFolder", "photos")
    train = recipe(net(3, 4, 4, classes=2), train=photos, workers=2, cache=False).load(0, 4).train
    under_way = train.epoch(0)
    next(under_way)
    workers = [each.pid for each in train.pool.loader._iterator._workers]
    assert all(map(lives, workers))
    del train, under_way
    assert not any(map(lives, workers))


def test_a_program_ends_at_once_however_it_does(tmp_path):
    """Its workers are in the middle of a batch, and nobody has ended them."""
    running = {name: begin(tmp_path / name, how) for name, how in ENDINGS.items()}
    for name, program in running.items():
        workers = [int(each) for each in program.stdout.readline().split()]
        assert len(workers) == 2
        if name == "interrupted":
            program.send_signal(signal.SIGINT)
        told = time.monotonic()
        _, errors = program.communicate(timeout=60)
        assert time.monotonic() - told < PATIENCE
        assert not any(map(lives, workers))
        assert ("KeyboardInterrupt" in errors) == (name == "interrupted"), errors


def begin(folder: Path, how: str) -> subprocess.Popen:
    folder.mkdir()
    (folder / "slow.py").write_text(SLOW)
    (folder / "a.tnet").write_text(SPEC)
    command = [sys.executable, "-c", PROGRAM + how]
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # tests in the background ignore it
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, text=True, preexec_fn=heeds, **pipes)
