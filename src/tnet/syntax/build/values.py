"""Values: literals, operators, calls, pipes."""

from __future__ import annotations

from .. import ast
from .parts import Parts, gathered, name_of, nodes, span_of


class Values:
    """A method for each rule of the grammar."""

    def variable(self, children):
        return children[0].value or ast.Var(children[0].span, children[0].text)

    def number(self, children):
        return children[0].value

    def string(self, children):
        return children[0].value

    def duration(self, children):
        number, unit = children
        if isinstance(number.value, ast.ErrorNode):
            return number.value
        return ast.DurationLiteral(span_of(children), number.value.value, unit.text.rstrip("s") + "s")

    def constant_value(self, children):
        meanings = {"true": True, "false": False, "none": None}
        return ast.Literal(children[0].span, meanings[children[0].text])

    def unary(self, children):
        operator, operand = children
        return ast.Unary(span_of(children), operator.text, operand)

    def binary(self, children):
        left, operator, right = children
        return ast.Binary(span_of(children), operator.text, left, right)

    def conditional(self, children):
        then, _, condition, _, otherwise = children
        return ast.Conditional(span_of(children), then, condition, otherwise)

    def attribute(self, children):
        value, _, name = children
        return ast.Attribute(span_of(children), value, name_of(name))

    def index(self, children):
        value, subscripts = children
        return ast.Index(span_of(children), value, subscripts.items)

    def call(self, children):
        callee, arguments = children
        return ast.Call(span_of(children), callee, arguments.items)

    def piped(self, children):
        source, *steps = children
        return ast.Pipe(span_of(children), source, nodes(steps))

    def slice(self, children):
        start, _, stop, _, step = children
        return ast.Slice(span_of(children), start, stop, step)

    def ellipsis(self, children):
        return ast.Ellipsis(children[0].span)

    def argument(self, children):
        return ast.Arg(children[0].span, None, children[0])

    def keyword_argument(self, children):
        name, _, value = children
        return ast.Arg(span_of(children), name_of(name), value)

    option = imported_setting = keyword_argument

    def list_value(self, children):
        return ast.ListExpr(span_of(children), nodes(children))

    def map_value(self, children):
        return ast.MapExpr(span_of(children), tuple(each.items for each in children if isinstance(each, Parts)))

    def grouped(self, children):
        return ast.Grouped(span_of(children), children[1])

    def tuple_value(self, children):
        return ast.TupleExpr(span_of(children), nodes(children))

    def range_domain(self, children):
        low, _, high = children
        return ast.RangeDomain(span_of(children), low, high)

    def dotted(self, children):
        return ast.Name(span_of(children), "".join(each.text for each in children))

    subscripts = arguments = map_item = imported_settings = gathered

    def lone_value(self, children):
        return children[0]

    lone_stages = gathered
