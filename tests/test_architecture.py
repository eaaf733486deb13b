"""The rules of the architecture: what may import what, and what the light commands never import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
CONTRACTS = Path(__file__).with_name("importlinter.ini")

RUN_AND_LOOK = """
import sys
from tnet.cli.main import main

code = main(sys.argv[2:])
found = sorted(set(sys.argv[1].split(",")) & set(sys.modules))
print(f"code {code}, imported {found}", file=sys.stderr)
"""
"""Runs a command and says which of the modules in its first argument it has imported."""


def heavy_imports(heavy: str, *arguments: str, stdin: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", RUN_AND_LOOK, heavy, *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment, cwd=ROOT)
    return done.stderr.splitlines()[-1]


def test_contracts(capsys, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "src")
    code = lint_imports(str(CONTRACTS), no_cache=True, no_logo=True)
    assert code == 0, capsys.readouterr().out


def test_contracts_can_fail(capsys, monkeypatch, tmp_path):
    package = tmp_path / "tnet"
    for name in ("syntax", "catalog"):
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "syntax" / "__init__.py").write_text("def parse():\n    import torch\n")
    contracts = tmp_path / "contracts.ini"
    contracts.write_text(
        "[importlinter]\nroot_package = tnet\ninclude_external_packages = true\n\n[importlinter:contract:torch]\n"
        "name = torch\ntype = forbidden\nsource_modules =\n    tnet.syntax\nforbidden_modules =\n    torch\n"
    )
    program = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(sys.argv[1], no_cache=True))"
    )
    command = [sys.executable, "-c", program, str(contracts)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and "tnet.syntax is not allowed to import torch" in done.stdout


@pytest.mark.parametrize(
    ("heavy", "code", "arguments", "stdin"),
    [
        ("torch,lark,yaml,rich,numpy,argparse", 0, ["--help"], ""),
        ("torch,lark,yaml,rich,numpy", 0, ["train", "--help"], ""),
        ("torch,lark,yaml,rich,numpy,sympy", 0, ["explain", "TN0203"], ""),
        ("torch,lark,yaml,rich,numpy,sympy", 0, ["explain"], ""),
        ("torch,torchvision,sympy,numpy", 0, ["fmt", "-"], "hyper lr=1\n"),
        ("torch,torchvision,sympy,numpy", 1, ["check", "-"], "net A( {\n"),
        ("torch,torchvision,sympy,numpy", 4, ["check", "no/such.tnet"], ""),
    ],
)
def test_light_commands_import_nothing_heavy(heavy, code, arguments, stdin):
    assert heavy_imports(heavy, *arguments, stdin=stdin) == f"code {code}, imported []"


def test_a_heavy_import_is_noticed():
    assert heavy_imports("torch,argparse", "fmt", "-", stdin="hyper lr=1\n") == "code 0, imported ['argparse']"


def test_importing_tnet_is_light():
    program = "import sys, tnet; tnet.SpecError; print(sorted({'torch', 'lark', 'yaml'} & set(sys.modules)))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.stdout == "[]\n", done.stderr
