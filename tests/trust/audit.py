"""Runs tnet's commands under an audit hook and prints what they touch that they may not.

`python audit.py JOBS`: JOBS is a JSON file {"readable", "writable", "jobs"}: folders whose files may be read, folders
whose files may be written as well, and lists of arguments of `tnet`; one that starts with `!` is Python code, run
instead. Prints JSON, for each job its exit code, what it printed, and its violations.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import site
import sys
import sysconfig
import tempfile
from pathlib import Path

import torch
import torchvision  # noqa: F401

import tnet
from tnet.cli.main import main

INSTALLED = {
    *sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages(), sys.prefix, sys.base_prefix,
    str(Path(tnet.__file__).parents[1]), str(Path(tnet.__file__).parents[2] / "grammars"),
}  # fmt: skip
SYSTEM = ("/proc", "/sys", "/dev/null", "/dev/urandom", "/etc/localtime", "/usr/share/zoneinfo")
PROGRAMS = {"graphviz-pure"}
NEVER = ("socket.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "os.startfile", "os.kill", "pty.",
         "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "pickle.find_class")  # fmt: skip
LISTS = {"os.listdir", "os.scandir", "os.walk", "glob.glob"}
WRITES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.chown",
          "os.truncate", "os.utime", "shutil.rmtree", "shutil.copyfile", "shutil.move"}  # fmt: skip


class Watch:
    """Collects violations while `on`. Files count by the place that their path leads to."""

    def __init__(self, readable: list[str], writable: list[str]):
        self.on, self.found = False, []
        self.writable = [Path(each).resolve() for each in writable]
        self.readable = [*self.writable, *(Path(each).resolve() for each in [*readable, *INSTALLED, *SYSTEM])]

    def __call__(self, event: str, arguments: tuple) -> None:
        if self.on and self.forbids(event, arguments):
            self.found.append([event, repr(arguments)[:300]])

    def forbids(self, event: str, arguments: tuple) -> bool:
        if event == "subprocess.Popen":
            return Path(os.fsdecode(arguments[0] or arguments[1][0])).stem not in PROGRAMS
        if event == "open":
            return not is_inside(arguments[0], self.writable if writes(*arguments[1:]) else self.readable)
        if event in LISTS:
            return not is_inside(arguments[0], self.readable)
        if event in WRITES:
            return not all(is_inside(each, self.writable) for each in arguments if isinstance(each, str | bytes))
        return event.startswith(NEVER)


def writes(mode: str | None, flags: int) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND)) or bool(set(mode or "") & set("wax+"))


def is_inside(path: object, folders: list[Path]) -> bool:
    """Whether a path is in one of the folders; a file that is open already is."""
    if isinstance(path, int) or path is None:
        return True
    place = Path(os.path.realpath(os.fsdecode(path)))
    return any(place.is_relative_to(each) for each in folders)


def run(job: list[str]) -> int:
    if job[0].startswith("!"):
        exec(job[0][1:], {})
        return 0
    return main(job)


def run_all(about: dict) -> list[list]:
    watch, results = Watch(about["readable"], about["writable"]), []
    sys.addaudithook(watch)
    for job in about["jobs"]:
        watch.found, printed = [], io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            watch.on = True
            code = run(job)
            watch.on = False
        results.append([code, printed.getvalue(), watch.found])
    return results


if __name__ == "__main__":
    torch.set_num_threads(1)
    tempfile.gettempdir()  # looked up once in a process, by writing a file there
    with open(sys.argv[1], encoding="utf-8") as file:
        about = json.load(file)
    print(json.dumps(run_all(about)))
