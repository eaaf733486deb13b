"""The page of a spec, live: save the file, and the picture, the summary and the diagnostics follow.

It is served on this machine alone, until Ctrl-C. While the spec is wrong, the last good picture stays, beside what is
wrong. Imported specs and `--params` files are watched as well. Each hyper-parameter and setting may be given as for
`tnet build`.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import SpecError
from .arguments import UsageError, depth_argument, spec_arguments
from .files import cannot
from .live import News, Server
from .specs import STDIN, open_spec

if TYPE_CHECKING:
    from ..spec import Spec

PORT = 8650
"""The port where none is asked for; another one where it is taken."""
LOOK = 0.02
"""Seconds between looks at the files."""
RIGHT = "net Small(v: float[N, 2]) { Linear(2) }"


def arguments(parser: argparse.ArgumentParser) -> None:
    spec_arguments(parser)
    parser.add_argument("--port", type=port, help=f"where to serve; 0 for any free one (default: {PORT}, if it is)")
    depth_argument(parser, "fold blocks that lie in N others at first")


def port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"`{text}` is no port, 0 to {2**16 - 1}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    if options.spec == STDIN:
        raise UsageError("`tnet view` watches a file; stdin is none")
    open_spec(options)  # a file that is not there, or a wrong command line, is no picture to wait for
    view = View(options)
    view.look()
    server = _server(options.port, view)
    print(f"{server.address} shows {options.spec}; Ctrl-C ends it", flush=True)
    try:
        view.warm_up()
        while True:
            time.sleep(LOOK)
            view.look()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 0
    finally:
        server.close()


def _server(asked: int | None, view: View) -> Server:
    """At the port asked for, or at the usual one, or any free one."""
    for number in (PORT, 0) if asked is None else (asked,):
        try:
            return Server(number, view.page, view.news)
        except OSError as problem:
            taken = problem.errno == errno.EADDRINUSE
            if not taken or number != PORT or asked is not None:
                raise cannot("serve at port", str(number), problem) from problem
    raise AssertionError("port 0 is never taken")


class View:
    """A spec as it was last read, and what the page shows of it."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.news = News()
        self.seen: dict[Path, Any] = {}
        self.good: dict[str, Any] = {}

    def look(self) -> None:
        """Read the spec again if one of its files has changed."""
        if not self.seen or self.seen != _states(self.seen):
            self.seen = _states(self._files())
            self.news.publish(self.state())

    def warm_up(self) -> None:
        """Load what a spec that is right needs, where the first is wrong: torch takes seconds, a save should not."""
        if not self.good:
            from ..opening import loads

            _data(loads(RIGHT), None)

    def _files(self) -> Iterable[Path]:
        from ..syntax.imports import imported

        spec = Path(self.options.spec)
        return [spec, *imported(spec), *map(Path, self.options.params)]

    def state(self) -> dict[str, Any]:
        """The page's data, where the spec is right, and what is to be said of it."""
        start = time.perf_counter()
        try:
            spec = open_spec(self.options)
            found, wrong = spec.check(), not spec.compilation.model_ok
            if not wrong:
                self.good = _data(spec, self.options.depth)
        except SpecError as problem:
            found, wrong = problem.diagnostics, True
        except Exception as problem:  # a fault of tnet is told, as that of any command, and the page stays
            from .failures import unexpected

            found, wrong = [unexpected(problem)], True
        from ..diagnostics.render import RENDERERS

        errors = sum(each.is_error for each in found)
        took = f"{time.perf_counter() - start:.2f} s"
        where = f"{errors} error{'s' * (errors != 1)}" if wrong else f"checked in {took}"
        said = {"text": RENDERERS["full"](found, color=False) if found else "", "errors": wrong, "where": where}
        return said if wrong else said | {"data": self.good}

    def page(self) -> str:
        """The page with what was last good."""
        from ..render.page import page

        return page(self.good, live=True)


def _data(spec: Spec, depth: int | None) -> dict[str, Any]:
    from ..render.page.data import page_data

    return page_data(spec.summary(), depth=depth)


def _states(paths: Iterable[Path]) -> dict[Path, Any]:
    """What changes where a file is written or another put in its place; None for one that is not there."""
    found: dict[Path, Any] = {}
    for path in paths:
        try:
            about = os.stat(path)
            found[path] = (about.st_mtime_ns, about.st_size, about.st_ino)
        except OSError:
            found[path] = None
    return found
