"""Run the benchmarks named on the command line, or all."""

from __future__ import annotations

import argparse
from importlib import import_module

NAMES = ("startup", "scale", "models", "rules", "pictures", "train_step", "data", "training")

parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; without one, all")
names = parser.parse_args().names
if unknown := set(names) - set(NAMES):
    parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; they are {', '.join(NAMES)}")
for name in names or NAMES:
    import_module(f"benchmarks.{name}").main()
