"""What lays graphs out: the port from PyPI, the system's `dot`, and what is said where they cannot."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

import tnet
from tnet.cli.main import main
from tnet.diagnostics import SpecError
from tnet.render import fold
from tnet.render.graph import Graph
from tnet.render.layout import layout, program

SPEC = "net A(v: float[N, 4]) -> float[N, 2] { body: { Linear(8); relu }; head: Linear(2) }"

FAKE = """#!{python}
import sys
text = sys.stdin.read()
print("saw", sys.argv[1:], len(text.splitlines()), file=open("{log}", "a"))
if "fail" in "{mode}":
    print("Error: <stdin>: syntax error in line 1\\n  context", file=sys.stderr)
    sys.exit(1)
if "-Tpdf" in sys.argv:
    print("%PDF-1.7")
if "-Tsvg" in sys.argv:
    print('<svg width="10pt" height="10pt" xmlns="http://www.w3.org/2000/svg">')
    print('<g class="graph" transform="translate(4 6)">')
    print('<polygon fill="white" stroke="none" points="0,0 1,1"/></g></svg>')
"""


@pytest.fixture(autouse=True)
def forget():
    """What is installed is looked up once; here it changes."""
    program.cache_clear()
    yield
    program.cache_clear()


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.tnet").write_text(SPEC)
    return tmp_path


def put_dot(folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str = "") -> Path:
    """A program called `dot` alone on PATH, which notes what it is asked."""
    path, log = folder / "bin" / "dot", folder / "log"
    path.parent.mkdir()
    path.write_text(FAKE.format(python=sys.executable, log=log, mode=mode))
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    return log


@pytest.mark.parametrize(
    ("format", "engine", "message"),
    [
        ("pdf", "pure", "`pdf` needs the system's graphviz"),
        ("svg", "dott", "unknown engine `dott`"),
    ],
)
def test_what_an_engine_cannot(format, engine, message):
    with pytest.raises(SpecError, match=message):
        layout("digraph {}", format, engine)


@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.pdf"])
def test_a_missing_dot_is_named(here, monkeypatch, capsys, name):
    monkeypatch.setenv("PATH", os.fspath(here))
    assert main(["build", "a.tnet", "-o", name, "--engine", "dot"]) == 4
    said = capsys.readouterr().err
    assert "`dot` is not installed" in said and "install graphviz, or leave out --engine dot" in said
    assert not Path(name).exists()


def test_pdf_says_what_it_needs(here, capsys):
    assert main(["build", "a.tnet", "-o", "a.pdf"]) == 2
    assert "add --engine dot" in capsys.readouterr().err and not Path("a.pdf").exists()


@pytest.mark.parametrize(("name", "start", "asks"), [("a.svg", b"<?xml", "-Tsvg"), ("a.pdf", b"%PDF", "-Tpdf"),
                                                     ("a.png", b"\x89PNG", "-Tsvg")])  # fmt: skip
def test_the_dot_on_the_path_is_asked(here, monkeypatch, name, start, asks):
    log = put_dot(here, monkeypatch)
    assert main(["build", "a.tnet", "-o", name, "--engine", "dot"]) == 0
    assert Path(name).read_bytes().startswith(start) and asks in log.read_text()


def test_a_dot_that_fails_is_told_of(here, monkeypatch, capsys):
    put_dot(here, monkeypatch, "fail")
    assert main(["build", "a.tnet", "-o", "a.svg", "--engine", "dot"]) == 4
    said = capsys.readouterr().err
    assert "`dot` cannot draw the graph: Error: <stdin>: syntax error in line 1" in said and "Traceback" not in said


@pytest.mark.skipif(shutil.which("dot") is None, reason="the system's graphviz is not installed")
def test_the_systems_graphviz_draws_the_same(here):
    net = tnet.loads(SPEC).net
    texts = [Graph(net, engine).svg().count("<text") for engine in ("pure", "dot")]
    assert texts[0] == texts[1] > 8
    for name, start in (("a.pdf", b"%PDF"), ("a.png", b"\x89PNG")):
        assert main(["build", "a.tnet", "-o", name, "--engine", "dot"]) == 0
        assert Path(name).read_bytes().startswith(start)


def test_more_than_can_be_read_is_drawn_fast_and_told(here, monkeypatch, capsys):
    monkeypatch.setattr(fold, "MOST_EDGES", 3)
    assert main(["build", "a.tnet", "-o", "a.dot", "--depth", "5"]) == 0
    assert "splines=line" in Path("a.dot").read_text() and not capsys.readouterr().err
    assert main(["build", "a.tnet", "-o", "a.svg", "--depth", "5"]) == 0
    assert "too many lines to be read" in capsys.readouterr().err
