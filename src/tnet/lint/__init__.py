"""Lints: what a spec may say and rarely means. Each is a file, whose docstring is its page in `tnet explain`."""

from __future__ import annotations

from ..diagnostics import Diagnostic
from ..source import Span
from . import (  # noqa: F401  each enters itself
    batch_not_first,
    bias_before_norm,
    column_against_row,
    decayed_norms,
    dropout_before_norm,
    frozen_norms,
    hidden_rule,
    hidden_sigmoid,
    implicit_dim,
    in_place,
    integer_targets,
    large_linear,
    long_recurrence,
    norm_of_one_sample,
    raw_scores,
    size_given,
    softmax_before_loss,
    unmatched_selector,
    unnormalised_input,
    unused_declaration,
    unused_result,
    unused_value,
    useless_allow,
)
from .allow import allows
from .context import Context
from .registry import LINTS, Lint

__all__ = ["LINTS", "Context", "Lint", "run"]


def run(context: Context) -> list[Diagnostic]:
    """The warnings of a spec, lints among them, that no comment allows; a lint once a place.

    What imported files say is theirs to check.
    """
    for code in sorted(LINTS):
        seen = {}
        for each in LINTS[code].check(context):
            if not _is_imported(each.span, context):
                seen.setdefault(each.span, each)
        context.found += seen.values()
    allowed = list(allows(context.tree))
    return [each for each in context.found if not any(allow.holds_for(each) for allow in allowed)]


def _is_imported(span: Span | None, context: Context) -> bool:
    """Whether a place is in another spec; that of an override is in a source of its own."""
    other = span.source if span and span.source is not context.tree.source else None
    return other is not None and other.path is not None and other.path.suffix == ".tnet"
