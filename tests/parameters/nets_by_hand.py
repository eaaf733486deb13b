"""Nets and rules of the IR, made without the stages before."""

from __future__ import annotations

from typing import Any

import torch

from tnet.ir.graph import Layer, LayerArgument, Module, Net
from tnet.ir.program import Property, Rule, Selector, SelectorPart
from tnet.source import Source, Span


def layer(cls: type, *args: Any) -> Layer:
    with torch.device("meta"):
        prototype = cls(*args)
    arguments = tuple(LayerArgument(str(i), value, True) for i, value in enumerate(args))
    return Layer(f"torch.nn.{cls.__name__}", arguments, prototype, span_of(cls.__name__))


def module(kind: str, name: str, children: dict[str, Layer | Module]) -> Module:
    return Module(kind, name, children=children)


def net(children: dict[str, Layer | Module]) -> Net:
    return Net("Net", module("net", "Net", children), (), {}, span=span_of("Net"))


def span_of(text: str) -> Span:
    return Source("by hand", text).span(0, len(text))


def rule(selectors: str, **properties: Any) -> Rule:
    """A rule whose values are constants, or functions of the names in scope."""
    listed = tuple(
        Selector(tuple(SelectorPart(part, span_of(part)) for part in each.split()), span_of(each.strip()))
        for each in selectors.split(",")
    )
    return Rule(listed, tuple(prop(name, value) for name, value in properties.items()), span_of(selectors))


def prop(name: str, value: Any) -> Property:
    evaluate = value if callable(value) else lambda names: value
    return Property(name, span_of(name), span_of(str(value)), evaluate)
