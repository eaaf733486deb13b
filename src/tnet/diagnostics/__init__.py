"""Diagnostics as values: what is wrong, where, and what to write instead."""

from .diagnostic import Diagnostic, Note, SpecError, error, warning
from .suggest import did_you_mean, nearest
from .words import counted, either

__all__ = ["Diagnostic", "Note", "SpecError", "counted", "did_you_mean", "either", "error", "nearest", "warning"]
