"""Measuring in turns: what is compared runs alternately in one process, so that both meet the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence


def rounds_of(work: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """The seconds of each round of each piece of work, run one after another for a number of rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, run in work.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def in_turns(work: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each piece of work."""
    return {name: statistics.median(each) for name, each in rounds_of(work, rounds).items()}


def spread(seconds: Sequence[float]) -> str:
    """The median, the least and the most."""
    return f"{statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"


def report(title: str, seconds: Mapping[str, float], name: str, baseline: str, aim: float) -> None:
    """One line: the ratio of `name` to `baseline`, the aim, and both times."""
    ratio = seconds[name] / seconds[baseline]
    mark = "" if ratio <= aim else "  MISSED"
    print(
        f"{title}: {ratio:.2f} (aim {aim:g}){mark}   {name} {seconds[name]:.3f} s, {baseline} {seconds[baseline]:.3f} s"
    )
