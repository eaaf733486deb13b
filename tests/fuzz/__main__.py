"""Fuzz by hand: `python -m tests.fuzz --cases 20000 --seed 7`; each different failure is printed once with its text."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import torch

from .cases import failure, texts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slow", type=float, default=10.0, help="seconds from which a case is reported as slow")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seen: Counter[str] = Counter()
    for number, text in enumerate(texts(options.seed, options.cases)):
        start = time.perf_counter()
        found = failure(text)
        if (seconds := time.perf_counter() - start) > options.slow:
            print(f"--- case {number} takes {seconds:.0f} s\n{text}", flush=True)
        if found:
            place = "".join(found.splitlines()[-4:])
            seen[place] += 1
            if seen[place] == 1:
                print(f"--- case {number}\n{text}\n{found}", flush=True)
    print(f"{options.cases} cases, {len(seen)} different failures, {sum(seen.values())} in all")
    return int(bool(seen))


if __name__ == "__main__":
    sys.exit(main())
