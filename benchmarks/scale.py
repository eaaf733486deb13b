"""Checking again after a change, long specs, and nets of many blocks: seconds and memory, beside their aims."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from tnet.source import Source
from tnet.spec import Spec
from tnet.syntax import parse

RESNET = (Path(__file__).parent.parent / "specs" / "resnet.tnet").read_text(encoding="utf-8")
BLOCK = "block Residual {\n  skip = x\n  Linear(64)\n  relu\n  Linear(64)\n  x += skip\n}\n"


def seconds(work: Callable[[], object], rounds: int = 1) -> float:
    """The median time of a piece of work."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def say(title: str, found: float, aim: float, unit: str = "s") -> None:
    mark = "" if found <= aim else "  MISSED"
    print(f"{title}: {found:.3f} {unit} (aim {aim:g}){mark}")


def check(text: str, **hypers: object) -> Spec:
    spec = Spec(Source("spec", text), hypers)
    assert not [each for each in spec.check() if each.is_error], spec.check()
    return spec


def lines(count: int) -> str:
    """A spec of so many lines: blocks under names of their own."""
    blocks = (BLOCK.replace("Residual", f"Residual{number}") for number in range(-(-count // 7)))
    return "".join(blocks)


def many_blocks(count: int) -> str:
    return BLOCK + "net A(v: float[N, 64]) {\n" + "  Residual\n" * count + "}\n"


def megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    torch.set_num_threads(1)
    check("net A(v: float[N, 3, 8, 8]) { Conv2d(4, 3); BatchNorm2d; relu; flatten(1); Linear(2) }")  # warms the process
    say("check ResNet-152, warm", seconds(lambda: check(RESNET, depth=152)), 0.6)
    changed = iter(RESNET.replace("64, 7", f"{width}, 7") for width in range(48, 63))
    say("check again after one changed line", seconds(lambda: check(next(changed), depth=152), 9), 0.15)
    for count in (5_000, 10_000):
        text = Source("spec", lines(count))
        say(f"parse {count:,} lines", seconds(lambda text=text: parse(text), 3), count / 5_000)
    for count in (1_000, 2_000):
        text = many_blocks(count)
        say(f"check and print {count:,} blocks", seconds(lambda text=text: check(text).source()), count / 200)
    say("memory of all this", megabytes(), 1536, "MiB")


if __name__ == "__main__":
    main()
