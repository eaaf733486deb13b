"""Run the benchmarks named on the command line, or all."""

from __future__ import annotations

import sys
from importlib import import_module

NAMES = ("startup", "scale", "models", "rules", "pictures", "train_step", "data", "training")

for name in sys.argv[1:] or NAMES:
    import_module(f"benchmarks.{name}").main()
