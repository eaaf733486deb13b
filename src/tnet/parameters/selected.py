"""What a selector matches in a model in memory."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..diagnostics import error
from ..ir.program import Selector, SelectorPart
from ..source import Source
from .selectors import Matcher
from .sites import Selection


@dataclass(frozen=True)
class Selected:
    """By name, in the model's order; of modules within modules the outermost."""

    modules: dict[str, nn.Module]
    parameters: dict[str, nn.Parameter]


def select(matcher: Matcher, model: nn.Module, text: str) -> Selected:
    """What selectors, with commas between them, match; of a loss where the model has it. Raises SpecError for one that
    matches nothing.
    """
    found = selection(matcher, text)
    parameters = dict(model.named_parameters(remove_duplicate=False))
    modules = dict(model.named_modules(remove_duplicate=False))
    return Selected(
        {path: modules[path] for path in matcher.sites.outermost_modules(found) if path in modules},
        {name: parameters[name] for name in matcher.sites.parameter_names(found) if name in parameters},
    )


def selection(matcher: Matcher, text: str) -> Selection:
    """The modules and parameters of selectors with commas between them. Raises SpecError for one that means nothing."""
    source = Source("<selector>", text)
    found = Selection()
    start = 0
    for each in text.split(","):
        if not each.strip():
            raise error("TN0601", "a selector is missing", source.span(start, start + len(each)))
        found |= matcher.select(_selector(source, start, start + len(each)))
        start += len(each) + 1
    return found


def _selector(source: Source, start: int, end: int) -> Selector:
    parts, at = [], start
    for word in source.text[start:end].split():
        at = source.text.index(word, at)
        parts.append(SelectorPart(word, source.span(at, at + len(word))))
        at += len(word)
    return Selector(tuple(parts), source.span(start, end))
