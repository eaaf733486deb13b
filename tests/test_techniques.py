"""Every technique that is done has a test that names its id, in its name, its docstring or a comment inside it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DONE = {
    "E1": "versions of torch, CUDA, cuDNN, device name",
    "E5": "cached memory released between phases",
    "L4": "mixup (the losses are mixed, so any loss), cutmix",
    "M1": "two-layer conv net, MLP, LeNet",
    "M2": "sequences, ordered and named; functional and module activations",
    "M4": "convolutions 1d 2d 3d with `same` padding, transposed; output sizes",
    "M7": "a moving average kept in a buffer",
    "M8": "number of parameters; list of parameters and gradients",
    "M9": "picture of the graph; summary",
    "M11": "extracting the first layers, all layers of a kind",
    "M12": "features of one layer, of several layers, of a pretrained net",
    "M13": "a network whose depth is random at each pass, one shared layer",
    "M14": "a custom autograd function, checked against finite differences",
    "M18": "autograd functions of several inputs, some optional",
    "M19": "saving a whole model",
    "M20": "a layer defined but never applied cannot happen",
    "O5": "every class of torch.optim.lr_scheduler",
    "O6": "chained schedules; warm-up; warm restarts",
    "O7": "the rate by the batch size",
    "O8": "the current rates; a picture of the curve",
    "R1": "classification training and test loop; accuracy in total and by class",
    "R8": "torch.compile",
    "R12": "best weights restored at the end; time taken",
    "R14": "metrics stay on the device until they are read",
    "R15": "intermediates that are no longer needed are freed",
    "R16": "changes of the learning rate announced",
}

TESTS = Path(__file__).parent


def sources_of_tests() -> list[str]:
    """The source of each test of the project but those of this file."""
    files = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    return [source for path in files for source in _tests_of(path.read_text(encoding="utf-8"))]


def _tests_of(text: str) -> list[str]:
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    return [ast.get_source_segment(text, node) for node in functions if node.name.startswith("test")]


def named(technique: str, sources: list[str]) -> bool:
    return any(re.search(rf"(?<![A-Za-z0-9]){technique}(?![A-Za-z0-9])", source) for source in sources)


@pytest.mark.parametrize("technique", DONE)
def test_technique_has_a_test(technique):
    assert named(technique, sources_of_tests()), f"no test names {technique}: {DONE[technique]}"


def test_a_technique_without_a_test_is_noticed():
    sources = ["def test_m19():\n    pass", 'def test_saving():\n    """M19"""']
    assert named("M19", sources) and not named("M1", sources) and not named("E1", sources)
