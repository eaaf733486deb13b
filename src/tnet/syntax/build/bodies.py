"""Bodies: steps and statements."""

from __future__ import annotations

from .. import ast
from ..scanner import Token
from .parts import Parts, items, name_of, nodes, one_value, span_of, targets


class Bodies:
    """A method for each rule of the grammar."""

    def body(self, children):
        return ast.Body(span_of(children), nodes(children))

    def assign(self, children):
        targets, operator, *values = children
        return ast.Assign(span_of(children), targets.items, operator.text, one_value(values))

    def update(self, children):
        name, operator, value = children
        return ast.Assign(span_of(children), (name_of(name),), operator.text, value)

    def targets(self, children):
        return Parts(span_of(children), targets(children))

    one_target = several_targets = targets

    def nested_targets(self, children):
        return ast.Targets(span_of(children), targets(children))

    def index_assign(self, children):
        name, *subscripts, operator, value = children
        indices = tuple(each.items for each in subscripts)
        return ast.IndexAssign(span_of(children), name_of(name), indices, operator.text, value)

    def flow(self, children):
        return ast.Flow(span_of(children), nodes(children))

    def step(self, children):
        shared, label, _, action = children
        if isinstance(label, Token):
            label = label.value if label.type == "STRING" else name_of(label)
        return ast.Step(span_of(children), label, action, shared is not None)

    def apply(self, children):
        callee, arguments, surgery, _, taps = children
        return ast.Apply(span_of(children), callee, items(arguments), surgery, taps)

    def group(self, children):
        return ast.Group(children[0].span, children[0])

    def repeat(self, children):
        _, count, shared, _, variable, body = children
        return ast.Repeat(span_of(children), count, shared is not None, name_of(variable), body)

    def again(self, children):
        return ast.Again(children[0].span, children[0].value)

    def for_statement(self, children):
        _, targets, _, iterable, body = children
        return ast.For(span_of(children), targets.items, iterable, body)

    def if_statement(self, children):
        _, condition, then, otherwise = children
        chained = isinstance(otherwise, ast.If)
        if chained:
            otherwise = ast.Body(otherwise.span, (otherwise,))
        return ast.If(span_of(children), condition, then, otherwise, chained)

    def else_part(self, children):
        return children[1]

    def return_statement(self, children):
        return ast.Return(span_of(children), nodes(children))

    def shape_statement(self, children):
        return ast.ShapeStatement(span_of(children), nodes(children))

    def parameter(self, children):
        _, name, _, kind, _, value = children
        return ast.ParameterStatement(span_of(children), name_of(name), kind, value)

    def buffer(self, children):
        _, name, _, kind, _, value, *options = children
        return ast.BufferStatement(span_of(children), name_of(name), kind, value, nodes(options))
