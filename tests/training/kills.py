"""Runs that are killed at random moments, a third of them inside a save held open, and go on.

`python tests/training/kills.py 200` does so 200 times and prints what came of it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from safetensors.torch import load_file
from small_specs import DIGITS, spec

from tnet.training import checkpoints, files

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["kills_warm"])
INTERVAL, STEPS = 5, 120
FILES = 4  # of a checkpoint
LATER, EARLIER = 1.3, 0.9
"""How the time within which a sitting is killed changes after one that got nowhere, and after one that did."""
INSIDE, ANYWHERE = "inside a save", "at any moment"
TEXT = DIGITS.replace("split = [0.8, 0.1, 0.1]", "split = [200, 20, 20]").replace(
    "  epochs    = 1\n  batch     = 64\n",
    f"""  steps      = {STEPS}
  batch      = 20
  ema        = 0.9
  log_every  = 1
  checkpoint = Checkpoint(every={INTERVAL} steps, best="val.accuracy")
""",
)
"""Ten steps an epoch, a checkpoint every five."""


def reached(path: Path) -> int:
    """The last step that was recorded."""
    lines = (path / "metrics.jsonl").read_text().splitlines() if (path / "metrics.jsonl").exists() else []
    return max((json.loads(line).get("step", 0) for line in lines if line.endswith("}")), default=0)


def saved(path: Path) -> int:
    """The step of the newest checkpoint that is whole."""
    folder = path / "checkpoints"
    files.tidy(folder) if folder.exists() else None
    return int(checkpoints.newest(folder, print).name[-8:]) if checkpoints.steps(folder) else 0


def hold_a_save_open(pipe: Connection, writes: int) -> None:
    """In the process to be killed: at the `writes`th file of a checkpoint, write half of it, tell, and wait."""
    whole = files._write_through
    left = [writes]

    def half(path: Path, content: bytes) -> None:
        if "checkpoints" in str(path):
            left[0] -= 1
        if left[0]:
            return whole(path, content)
        path.write_bytes(content[: len(content) // 2])
        pipe.send("open")
        time.sleep(600)

    files._write_through = half


def sitting(path: Path, pipe: Connection, held: int | None) -> None:
    """What is killed: a process that goes on with the run."""
    sys.stdout = open(os.devnull, "w")
    sys.stderr = open(path.with_suffix(".err"), "w")
    torch.set_num_threads(1)
    if held:
        hold_a_save_open(pipe, held)
    spec(TEXT).train(out=path, resume=True)


def kill_once(path: Path, draws: random.Random, longest: float, inside: bool) -> str:
    """Kill one sitting, after at most `longest` seconds or inside its first save; how it ended."""
    reading, writing = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=sitting, args=(path, writing, draws.randint(1, FILES) if inside else None))
    process.start()
    writing.close()
    opened = reading.poll(None if inside else draws.uniform(0, longest))
    process.kill()
    process.join()
    reading.close()
    if process.exitcode == -signal.SIGKILL:
        return INSIDE if inside and opened else ANYWHERE
    assert process.exitcode == 0, path.with_suffix(".err").read_text()
    return "had ended"


def killed(path: Path, kills: int, seed: int = 0) -> Counter:
    """Go on with a run that often; each time no more than the last interval may be lost. How the sittings ended."""
    draws, outcomes, started = random.Random(seed), Counter(), time.monotonic()
    spec(TEXT).train(out=path.parent / "whole")
    longest = time.monotonic() - started
    while (number := outcomes[ANYWHERE] + outcomes[INSIDE]) < kills:
        before = reached(path)
        outcomes[kill_once(path, draws, longest, inside=number % 3 == 2)] += 1
        longest *= LATER if reached(path) <= before else EARLIER
        lost = reached(path) - saved(path)
        assert 0 <= lost <= INTERVAL, f"{lost} steps are lost"
        if reached(path) >= STEPS:
            outcomes["runs"] += 1
            end_and_compare(path)
            path = path.with_name(f"run-{outcomes['runs']}")
    end_and_compare(path)
    return outcomes


def end_and_compare(path: Path) -> None:
    """The run, gone on to its end, is the one that was never killed, to the bit."""
    whole = path.parent / "whole"
    spec(TEXT).train(out=path, resume=True)
    one, other = load_file(whole / "model.safetensors"), load_file(path / "model.safetensors")
    assert all(torch.equal(one[name], other[name]) for name in one)
    losses = [[json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()] for run in (whole, path)]
    assert [each | {"seconds": 0} for each in losses[0]] == [each | {"seconds": 0} for each in losses[1]]


if __name__ == "__main__":
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        print(dict(killed(Path(folder) / "run", int(sys.argv[1]))))
