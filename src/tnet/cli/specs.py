"""From the arguments of a command to the spec they name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic, error
from ..source import Source
from .settings import overrides

if TYPE_CHECKING:
    from ..spec import Spec

STDIN = "-"


def source_of(name: str) -> Source:
    """The spec in a file, or on stdin for `-`. Raises SpecError."""
    from ..opening import read
    from ..syntax import LARGEST_FILE, decode

    if name != STDIN:
        return read(name)
    content = sys.stdin.buffer.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise error("TN0901", f"the spec is larger than {LARGEST_FILE:,} bytes")
    return Source("<stdin>", decode(content, "<stdin>"))


def open_spec(options: argparse.Namespace) -> Spec:
    """The spec with its overrides; nothing has run yet. Raises SpecError and UsageError."""
    from ..spec import Spec

    return Spec(
        source_of(options.spec),
        overrides=overrides(options.settings, options.params),
        net_name=getattr(options, "net", None),
        recipe_name=getattr(options, "recipe", None),
        allow=options.allow,
    )


def model_spec(options: argparse.Namespace) -> Spec:
    """The spec, compiled as far as the model: errors are raised; what does not stand in its way goes to stderr."""
    from .output import report

    spec = open_spec(options).checked()
    report(as_warnings(spec.check()), "concise")
    return spec


def as_warnings(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What does not stand in the way of a model, be it an error of training."""
    return [replace(each, severity="warning") for each in diagnostics]


def training_spec(options: argparse.Namespace) -> Spec:
    """The spec, compiled for training: errors are raised, lints go to stderr."""
    from .output import report

    spec = open_spec(options).checked(training=True)
    report(spec.check(), "concise")
    return spec
