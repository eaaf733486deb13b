"""Sections: parameter rules, data, training."""

from __future__ import annotations

from .. import ast
from .parts import gathered, name_of, nodes, span_of


class Sections:
    """A method for each rule of the grammar."""

    def selector(self, children):
        parts = tuple(ast.SelectorPart(each.span, each.text) for each in children)
        return ast.Selector(span_of(children), parts)

    def rule(self, children):
        *selectors, properties = children
        return ast.Rule(span_of(children), nodes(selectors), properties.items)

    def rule_if(self, children):
        _, condition, rules = children
        return ast.RuleIf(span_of(children), condition, rules.items)

    def setting(self, children):
        name, _, *stages = children
        return ast.Setting(span_of(children), name, nodes(stages))

    def stage(self, children):
        value, _, duration = children
        return ast.Stage(span_of(children), value, duration)

    def parameters(self, children):
        _, net, rules = children
        return ast.Parameters(span_of(children), name_of(net), rules.items)

    def data(self, children):
        _, name, *content = children
        return ast.Data(span_of(children), name_of(name), nodes(content))

    def train(self, children):
        _, name, settings = children
        return ast.Train(span_of(children), name_of(name), settings.items)

    rules = properties = gathered

    def bad(self, children):
        return ast.ErrorNode(span_of(children))

    bad_rule = bad_with_body = bad
