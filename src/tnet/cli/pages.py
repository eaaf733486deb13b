"""The pages of `tnet explain`: those of errors, and those of lints, which are read from their modules' text.

Nothing of a lint is imported: that would import torch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from ..diagnostics.codes import CODES
from ..diagnostics.explanations import Explanation, explanation

PHASES = {
    "00": "tnet itself", "01": "text and syntax", "02": "names", "03": "values and arguments", "04": "shapes",
    "05": "structure", "06": "parameter rules", "07": "data", "08": "training", "09": "limits and files", "10": "lints",
}  # fmt: skip
"""The first two digits of a code, in words."""


def page(code: str) -> Explanation:
    """The page of a known code."""
    return explanation(code) or lints().get(code) or Explanation(code, CODES[code])


@cache
def lints() -> dict[str, Explanation]:
    """The pages of the lints, by code."""
    return {found.code: found for found in _lints()}


def _lints() -> Iterator[Explanation]:
    for module in (files("tnet") / "lint").iterdir():
        if module.name.endswith(".py"):
            tree = ast.parse(module.read_text(encoding="utf-8"))
            texts = {name: value for node in tree.body for name, value in _texts(node)}
            if "CODE" in texts:
                meaning = ast.get_docstring(tree) or ""
                yield Explanation(texts["CODE"], meaning, texts.get("WRONG", ""), texts.get("RIGHT", ""))


def _texts(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The name and value of `NAME = "text"`."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))
