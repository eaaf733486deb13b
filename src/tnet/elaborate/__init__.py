"""From the syntax tree and hyper-parameters to the typed IR: everything but tensors is worked out here."""

from .program import elaborate

__all__ = ["elaborate"]
