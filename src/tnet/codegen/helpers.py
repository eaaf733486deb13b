"""Functions that a generated file defines for itself, for what torchvision has no word for."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

from . import expressions as py
from .imports import Imports

REPLACE = py.Code("replace_submodules")
"""Replaces submodules of a model within an expression."""

EXTRACT = py.Code("feature_extractor")
"""Keeps of a model what gives some values, the same in both modes."""

DUAL_EXTRACT = py.Path("torchvision.models.feature_extraction.create_feature_extractor")
"""The same for a model that computes them otherwise in training. Its deep copies forget their mode."""


DETECT = py.Code("detect")
"""Applies a detector to a batch."""

DETECTOR_FEATURES = py.Code("DetectorFeatures")
"""Keeps of a detector what gives values of its backbone."""


def helpers(texts: Iterable[str], imports: Imports) -> Iterator[str]:
    """The definitions of the functions that these texts call."""
    if any(f"{REPLACE.text}(" in text for text in texts):
        yield REPLACING
    if any(f"{EXTRACT.text}(" in text for text in texts):
        names = imports.name(DUAL_EXTRACT.path), imports.name("torch.fx.GraphModule")
        yield EXTRACTING.format(*names)
    for helper in (DETECT, DETECTOR_FEATURES):
        if any(f"{helper.text}(" in text for text in texts):
            yield _detector_module(helper.text, imports)


def _detector_module(name: str, imports: Imports) -> str:
    """The source of one of the modules for detectors, whose imports are noted."""
    from ..catalog import detector_modules

    source = inspect.getsource(getattr(detector_modules, name)).rstrip()
    for path in ("torch.cat", "torch.nn.Module", DUAL_EXTRACT.path):
        if re.search(rf"\b{path.rpartition('.')[2]}\b", source):
            imports.name(path)
    return source


REPLACING = '''def replace_submodules(model, replaced):
    """The model with other submodules at these paths."""
    for path, module in replaced.items():
        model.set_submodule(path, module)
    return model'''

EXTRACTING = '''def feature_extractor(model, paths):
    """As much of a model as it takes to give the values after these submodules, by path."""
    extractor = {0}(model, paths)
    return {1}(extractor, extractor.graph, type(model).__name__)'''
