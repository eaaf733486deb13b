"""Functions that a generated file defines for itself, for what torchvision has no word for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import expressions as py
from .imports import Imports

REPLACE = py.Code("replace_submodules")
"""Replaces submodules of a model within an expression."""

EXTRACT = py.Code("feature_extractor")
"""Keeps of a model what gives some values, the same in both modes."""

DUAL_EXTRACT = py.Path("torchvision.models.feature_extraction.create_feature_extractor")
"""The same for a model that computes them otherwise in training. Its deep copies forget their mode."""


def helpers(texts: Iterable[str], imports: Imports) -> Iterator[str]:
    """The definitions of the functions that these texts call."""
    if any(f"{REPLACE.text}(" in text for text in texts):
        yield REPLACING
    if any(f"{EXTRACT.text}(" in text for text in texts):
        names = imports.name(DUAL_EXTRACT.path), imports.name("torch.fx.GraphModule")
        yield EXTRACTING.format(*names)


REPLACING = '''def replace_submodules(model, replaced):
    """The model with other submodules at these paths."""
    for path, module in replaced.items():
        model.set_submodule(path, module)
    return model'''

EXTRACTING = '''def feature_extractor(model, paths):
    """As much of a model as it takes to give the values after these submodules, by path."""
    extractor = {0}(model, paths)
    return {1}(extractor, extractor.graph, type(model).__name__)'''
