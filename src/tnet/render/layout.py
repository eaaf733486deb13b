"""DOT text to a picture: by graphviz-pure, the port on PyPI, or by the system's `dot`.

graphviz-pure is a program without a Python part: its wheel puts it beside the interpreter's other scripts. It draws
SVG, which `graph_png` makes a PNG of; PDF needs the system's `dot`.
"""

from __future__ import annotations

import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from shutil import which

from ..diagnostics import did_you_mean, error

PURE, SYSTEM = "pure", "dot"
ENGINES = (PURE, SYSTEM)
FORMATS = {PURE: ("svg",), SYSTEM: ("svg", "pdf")}


def layout(dot: str, format: str, engine: str = PURE) -> bytes:
    """The picture of a graph. Raises SpecError where the engine is missing, cannot do the format, or fails."""
    if engine not in ENGINES:
        raise error("TN0301", f"unknown engine `{engine}`", help=did_you_mean(engine, ENGINES))
    if format not in FORMATS[engine]:
        raise error("TN0301", f"`{format}` needs the system's graphviz", help="install graphviz, and add --engine dot")
    command = [program(engine), f"-T{format}"]
    done = subprocess.run(command, input=dot.encode(), capture_output=True)
    if done.returncode or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
        raise error("TN0902", f"`{Path(command[0]).name}` cannot draw the graph: {reason[0]}")
    return done.stdout


@cache
def program(engine: str) -> str:
    """The path of an engine's program."""
    found = which("dot") if engine == SYSTEM else _installed() or which("graphviz-pure")
    if found:
        return found
    advice = {SYSTEM: "install graphviz, or leave out --engine dot", PURE: "pip install graphviz-pure"}[engine]
    raise error("TN0902", f"the program of the engine `{engine}` is not installed", help=advice)


def _installed() -> str | None:
    """Where the wheel put the program, also when its folder is not on PATH."""
    try:
        files = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        return None
    paths = (Path(file.locate()) for file in files if Path(file).stem == "graphviz-pure")
    return next((str(path) for path in paths if path.is_file()), None)
