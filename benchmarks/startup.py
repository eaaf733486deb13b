"""Start-up of the command line, against importing what it cannot do without."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from .turns import in_turns, report

SPEC = Path(__file__).parent.parent / "specs" / "resnet.tnet"
TNET = "import sys; from tnet.cli.main import main; sys.exit(main(sys.argv[1:]))"


def python(code: str, *args: str, status: int = 0) -> None:
    run = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)
    assert run.returncode == status, run.stderr


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        wrong = Path(folder) / "wrong.tnet"
        wrong.write_text("net A(v: float[N, 3]) {\n  Linear(2\n}\n")
        python(TNET, "check", str(wrong), status=1)  # warms the grammar cache
        small = in_turns(
            {
                "import lark": lambda: python("import lark"),
                "tnet --help": lambda: python(TNET, "--help"),
                "a syntax error": lambda: python(TNET, "check", str(wrong), status=1),
            },
            9,
        )
    report("tnet --help", small, "tnet --help", "import lark", 1.5)
    report("a syntax error", small, "a syntax error", "import lark", 3)
    large = in_turns(
        {
            "import torch, torchvision": lambda: python("import torch, torchvision"),
            "tnet check": lambda: python(TNET, "check", str(SPEC)),
        },
        5,
    )
    report("tnet check specs/resnet.tnet", large, "tnet check", "import torch, torchvision", 2)


if __name__ == "__main__":
    main()
