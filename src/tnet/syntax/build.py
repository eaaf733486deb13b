"""From what the parser has recognised to nodes of the syntax tree; a method for each rule of the grammar.

The parser calls these bottom-up, so nothing here recurses. Every child is a token, a node, `Parts`, or None where an
optional part is absent; all have spans.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..source import Span
from . import ast
from .scanner import Token


@dataclass(frozen=True, slots=True)
class Parts:
    """Nodes that belong together but are no node themselves: arguments, targets, the steps of a row."""

    span: Span
    items: tuple


def _span(children: list) -> Span:
    present = [each for each in children if each is not None]
    return present[0].span.to(present[-1].span)


def _nodes(children: list) -> tuple:
    return tuple(each for each in children if isinstance(each, ast.Node))


def _name(token: Token | None) -> ast.Name | None:
    return token and ast.Name(token.span, token.text)


def _items(parts: Parts | None) -> tuple | None:
    return None if parts is None else parts.items


def _parts(self, children: list) -> Parts:
    return Parts(_span(children), _nodes(children))


class _Values:
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
        return ast.DurationLiteral(_span(children), number.value.value, unit.text.rstrip("s") + "s")

    def constant_value(self, children):
        meanings = {"true": True, "false": False, "none": None}
        return ast.Literal(children[0].span, meanings[children[0].text])

    def unary(self, children):
        operator, operand = children
        return ast.Unary(_span(children), operator.text, operand)

    def binary(self, children):
        left, operator, right = children
        return ast.Binary(_span(children), operator.text, left, right)

    def conditional(self, children):
        then, _, condition, _, otherwise = children
        return ast.Conditional(_span(children), then, condition, otherwise)

    def attribute(self, children):
        value, _, name = children
        return ast.Attribute(_span(children), value, _name(name))

    def index(self, children):
        value, subscripts = children
        return ast.Index(_span(children), value, subscripts.items)

    def call(self, children):
        callee, arguments = children
        return ast.Call(_span(children), callee, arguments.items)

    def piped(self, children):
        source, *steps = children
        return ast.Pipe(_span(children), source, _nodes(steps))

    def slice(self, children):
        start, _, stop, _, step = children
        return ast.Slice(_span(children), start, stop, step)

    def ellipsis(self, children):
        return ast.Ellipsis(children[0].span)

    def argument(self, children):
        return ast.Arg(children[0].span, None, children[0])

    def keyword_argument(self, children):
        name, _, value = children
        return ast.Arg(_span(children), _name(name), value)

    option = imported_setting = keyword_argument

    def list_value(self, children):
        return ast.ListExpr(_span(children), _nodes(children))

    def map_value(self, children):
        return ast.MapExpr(_span(children), tuple(each.items for each in children if isinstance(each, Parts)))

    def grouped(self, children):
        return ast.Grouped(_span(children), children[1])

    def tuple_value(self, children):
        return ast.TupleExpr(_span(children), _nodes(children))

    def range_domain(self, children):
        low, _, high = children
        return ast.RangeDomain(_span(children), low, high)

    def dotted(self, children):
        return ast.Name(_span(children), "".join(each.text for each in children))

    subscripts = arguments = map_item = imported_settings = _parts

    def lone_value(self, children):
        return children[0]

    lone_stages = _parts


class _Bodies:
    def body(self, children):
        return ast.Body(_span(children), _nodes(children))

    def assign(self, children):
        targets, operator, value = children
        return ast.Assign(_span(children), targets.items, operator.text, value)

    def update(self, children):
        name, operator, value = children
        return ast.Assign(_span(children), (_name(name),), operator.text, value)

    def targets(self, children):
        return Parts(_span(children), _targets(children))

    def nested_targets(self, children):
        return ast.Targets(_span(children), _targets(children))

    def index_assign(self, children):
        name, *subscripts, operator, value = children
        indices = tuple(each.items for each in subscripts)
        return ast.IndexAssign(_span(children), _name(name), indices, operator.text, value)

    def flow(self, children):
        return ast.Flow(_span(children), _nodes(children))

    def step(self, children):
        shared, label, _, action = children
        if isinstance(label, Token):
            label = label.value if label.type == "STRING" else _name(label)
        return ast.Step(_span(children), label, action, shared is not None)

    def apply(self, children):
        callee, arguments, surgery, _, taps = children
        return ast.Apply(_span(children), callee, _items(arguments), surgery, taps)

    def group(self, children):
        return ast.Group(children[0].span, children[0])

    def repeat(self, children):
        _, count, shared, _, variable, body = children
        return ast.Repeat(_span(children), count, shared is not None, _name(variable), body)

    def again(self, children):
        return ast.Again(children[0].span, children[0].value)

    def for_statement(self, children):
        _, targets, _, iterable, body = children
        return ast.For(_span(children), targets.items, iterable, body)

    def if_statement(self, children):
        _, condition, then, otherwise = children
        chained = isinstance(otherwise, ast.If)
        if chained:
            otherwise = ast.Body(otherwise.span, (otherwise,))
        return ast.If(_span(children), condition, then, otherwise, chained)

    def else_part(self, children):
        return children[1]

    def return_statement(self, children):
        return ast.Return(_span(children), _nodes(children))

    def shape_statement(self, children):
        return ast.ShapeStatement(_span(children), _nodes(children))

    def parameter(self, children):
        _, name, _, kind, _, value = children
        return ast.ParameterStatement(_span(children), _name(name), kind, value)

    def buffer(self, children):
        _, name, _, kind, _, value, *options = children
        return ast.BufferStatement(_span(children), _name(name), kind, value, _nodes(options))


class _Sections:
    def selector(self, children):
        parts = tuple(ast.SelectorPart(each.span, each.text) for each in children)
        return ast.Selector(_span(children), parts)

    def rule(self, children):
        *selectors, properties = children
        return ast.Rule(_span(children), _nodes(selectors), properties.items)

    def rule_if(self, children):
        _, condition, rules = children
        return ast.RuleIf(_span(children), condition, rules.items)

    def setting(self, children):
        name, _, *stages = children
        return ast.Setting(_span(children), name, _nodes(stages))

    def stage(self, children):
        value, _, duration = children
        return ast.Stage(_span(children), value, duration)

    def parameters(self, children):
        _, net, rules = children
        return ast.Parameters(_span(children), _name(net), rules.items)

    def data(self, children):
        _, name, *items = children
        return ast.Data(_span(children), _name(name), _nodes(items))

    def train(self, children):
        _, name, settings = children
        return ast.Train(_span(children), _name(name), settings.items)

    rules = properties = _parts

    def bad(self, children):
        return ast.ErrorNode(_span(children))

    bad_rule = bad_with_body = bad


class _Declarations:
    def spec(self, children):
        return _nodes(children)

    def hyper(self, children):
        _, name, _, value, _, domain = children
        return ast.Hyper(_span(children), _name(name), value, domain)

    def constant(self, children):
        name, _, value = children
        return ast.Constant(_span(children), _name(name), value)

    def definition(self, children):
        _, name, formals, _, value = children
        return ast.Def(_span(children), _name(name), formals.items, value)

    def formal(self, children):
        name, _, default = children
        return ast.Formal(_span(children), _name(name), default)

    def from_import(self, children):
        _, path, _, settings, _, *names = children
        return ast.FromImport(_span(children), path.value, _items(settings) or (), _nodes(names))

    def use(self, children):
        _, module, _, *names = children
        return ast.Use(_span(children), module, _nodes(names))

    def import_name(self, children):
        name, _, alias = children
        return ast.ImportName(_span(children), _name(name), _name(alias))

    def block(self, children):
        _, name, config, inputs, body = children
        return ast.Block(_span(children), _name(name), _items(config), _items(inputs), body)

    def net(self, children):
        _, name, inputs, _, outputs, body = children
        return ast.Net(_span(children), _name(name), inputs.items, _items(outputs), body)

    def autograd(self, children):
        name, config, inputs = children[1:4]
        forward, backward = (each for each in children if isinstance(each, ast.Body))
        gradients = next(each for each in children[4:] if isinstance(each, Parts))
        return ast.Autograd(
            _span(children), _name(name), config.items, _items(inputs), forward, gradients.items, backward
        )  # fmt: skip

    def gradients(self, children):
        return Parts(_span(children), _targets(children))

    def port(self, children):
        name, _, kind = children
        return ast.Port(_span(children), _name(name), kind)

    def unnamed_port(self, children):
        return ast.Port(children[0].span, None, children[0])

    def type(self, children):
        return ast.Type(_span(children), _name(children[0]), _nodes(children))

    def plain_dim(self, children):
        return ast.Dim(children[0].span, children[0])

    def hinted_dim(self, children):
        name, _, hint = children
        return ast.Dim(_span(children), ast.Var(name.span, name.text), hint)

    formals = ports = outputs = _parts


def _targets(children: list) -> tuple[ast.Target, ...]:
    """Names and nested targets, without the commas and parentheses between them."""
    return tuple(
        each if isinstance(each, ast.Node) else _name(each)
        for each in children
        if isinstance(each, ast.Node) or each.type == "NAME"
    )


class Builder(_Values, _Bodies, _Sections, _Declarations):
    """A method for each rule of the grammar; it holds no state."""
