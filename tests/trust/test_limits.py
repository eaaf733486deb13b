"""Specs that ask for too much end in a diagnostic, soon and in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MEASURE = """
import contextlib, io, json, resource, sys, time
sys.path[:0] = [{root!r}, {source!r}]
import torch, torchvision
torch.set_num_threads(1)
imported = time.process_time()
from pathlib import Path
from tests.trust.hostile import BYTES, LIMITS
from tnet.cli.main import main

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def check(content):
    Path("hostile.tnet").write_bytes(content)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(["check", "hostile.tnet"])
    return code, printed.getvalue()

check(b"net A(v: float[N, 8]) {{ Linear(8) -> relu; y = x + pi }}")
found, start = {{}}, peak()
for name, content in {{**{{name: text.encode() for name, text in LIMITS.items()}}, **BYTES}}.items():
    seconds, megabytes = time.process_time(), peak()
    code, printed = check(content)
    found[name] = code, printed[:100_000], len(printed), time.process_time() - seconds, peak() - megabytes
print(json.dumps([found, imported, peak() - start]))
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """By name: exit code, what is printed (its start), its length, seconds of CPU, MB that the peak of memory rose."""
    code = MEASURE.format(root=str(ROOT), source=str(ROOT / "src"))
    folder = tmp_path_factory.mktemp("hostile")
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_hostile_specs_end_in_a_diagnostic(measured):
    found, _, _ = measured
    assert len(found) > 80
    assert {name: each[:2] for name, each in found.items() if each[0] not in (1, 3) or "error[TN" not in each[1]} == {}
    assert {name for name, each in found.items() if "Traceback" in each[1] or "TN0002" in each[1]} == set()


def test_hostile_specs_take_little_time_and_memory(measured):
    """CPU time is measured against that of importing torch and torchvision, as machines differ."""
    found, imported, megabytes = measured
    assert {name: each[3] for name, each in found.items() if each[3] > max(1.0, imported)} == {}
    assert megabytes < 100


def test_what_is_printed_about_them_is_short_and_escaped(measured):
    found, _, _ = measured
    assert {name: each[2] for name, each in found.items() if each[2] > 100_000} == {}
    marks = {name: sorted({mark for mark in each[1] if mark != "\n" and not mark.isprintable()})
             for name, each in found.items()}  # fmt: skip
    assert {name: each for name, each in marks.items() if each} == {}
