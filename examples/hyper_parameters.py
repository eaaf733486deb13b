"""Hyper-parameters in a loop: the same spec at several widths and rates.

python examples/hyper_parameters.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import tnet

SPECS = Path(__file__).parent.parent / "specs"


def main(widths=(16, 32, 64), rates=(1e-3, 4e-3), epochs: int = 2) -> dict[tuple[int, float], float]:
    """The test accuracy after a short training, for each width and learning rate."""
    found = {}
    for width in widths:
        for lr in rates:
            settings = {"train.epochs": epochs, "train.compile": False, "train.checkpoint": None}
            spec = tnet.load(SPECS / "digits.tnet", overrides=settings, width=width, lr=lr)
            with TemporaryDirectory() as folder:
                run = spec.train(out=folder)
            found[width, lr] = run.metrics["test.accuracy"]
            parameters = spec.summary().total.parameters
            print(f"width {width}, lr {lr:g}: {parameters:,} parameters, accuracy {found[width, lr]:.3f}")
    return found


if __name__ == "__main__":
    main()
