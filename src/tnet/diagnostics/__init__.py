"""Diagnostics as values: what is wrong, where, and what to write instead."""

from .diagnostic import Diagnostic, Note, SpecError, error, warning
from .suggest import did_you_mean, nearest

__all__ = ["Diagnostic", "Note", "SpecError", "did_you_mean", "error", "nearest", "warning"]
