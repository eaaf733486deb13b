"""Generated source to the class that it defines."""

from __future__ import annotations

from .pickling import module_of


def load(text: str, class_name: str, filename: str) -> type:
    """The class of that name in a generated source, compiled once for each text.

    `filename` is what tracebacks show; where it is no file with this text, a name of its own in `<>` is made from it.
    Instances pickle as (source, class name, state), so that they load in a process that has never seen the spec.
    """
    return getattr(module_of(text, filename), class_name)
