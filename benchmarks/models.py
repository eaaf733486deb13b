"""ResNet-50 from text to an initialised module, and again by `spec.model()`, against torchvision's constructor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .turns import in_turns, report

SPEC = Path(__file__).parent.parent / "specs" / "resnet.tnet"

FIRST = """
import time, torchvision, tnet
tnet.loads("net A(v: float[N, 3]) {{ Linear(2) }}").model()
torchvision.models.resnet50()
start = time.perf_counter(); torchvision.models.resnet50(); theirs = time.perf_counter() - start
start = time.perf_counter(); tnet.load({spec!r}, depth=50).model(); ours = time.perf_counter() - start
print(ours, theirs)
"""


def text_to_module(rounds: int = 3) -> dict[str, float]:
    """Medians over fresh processes: the first ResNet-50 after one trivial spec."""
    code = FIRST.format(spec=str(SPEC))
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(rounds)
    ]
    pairs = sorted(tuple(map(float, run.stdout.split())) for run in runs)
    ours, theirs = (sorted(column)[rounds // 2] for column in zip(*pairs, strict=True))
    return {"tnet": ours, "torchvision": theirs}


def main() -> None:
    import torchvision

    import tnet

    report("ResNet-50, text to initialised module", text_to_module(), "tnet", "torchvision", 4)
    spec = tnet.load(SPEC, depth=50)
    spec.model()
    seconds = in_turns({"torchvision": torchvision.models.resnet50, "tnet": spec.model}, 7)
    report("ResNet-50, spec.model() again", seconds, "tnet", "torchvision", 0.9)


if __name__ == "__main__":
    main()
