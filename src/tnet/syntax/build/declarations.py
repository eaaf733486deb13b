"""Declarations."""

from __future__ import annotations

from .. import ast
from .parts import Parts, gathered, items, name_of, nodes, span_of, targets


class Declarations:
    """A method for each rule of the grammar."""

    def spec(self, children):
        return nodes(children)

    def hyper(self, children):
        _, name, _, value, _, domain = children
        return ast.Hyper(span_of(children), name_of(name), value, domain)

    def constant(self, children):
        name, _, value = children
        return ast.Constant(span_of(children), name_of(name), value)

    def definition(self, children):
        _, name, formals, _, value = children
        return ast.Def(span_of(children), name_of(name), formals.items, value)

    def formal(self, children):
        name, _, default = children
        return ast.Formal(span_of(children), name_of(name), default)

    def from_import(self, children):
        _, path, _, settings, _, *names = children
        return ast.FromImport(span_of(children), path.value, items(settings) or (), nodes(names))

    def use(self, children):
        _, module, _, *names = children
        return ast.Use(span_of(children), module, nodes(names))

    def import_name(self, children):
        name, _, alias = children
        return ast.ImportName(span_of(children), name_of(name), name_of(alias))

    def block(self, children):
        _, name, config, inputs, body = children
        return ast.Block(span_of(children), name_of(name), items(config), items(inputs), body)

    def net(self, children):
        _, name, inputs, _, outputs, body = children
        return ast.Net(span_of(children), name_of(name), inputs.items, items(outputs), body)

    def autograd(self, children):
        name, config, inputs = children[1:4]
        forward, backward = (each for each in children if isinstance(each, ast.Body))
        gradients = next(each for each in children[4:] if isinstance(each, Parts))
        return ast.Autograd(
            span_of(children), name_of(name), config.items, items(inputs), forward, gradients.items, backward
        )  # fmt: skip

    def gradients(self, children):
        return Parts(span_of(children), targets(children))

    def port(self, children):
        name, _, kind = children
        return ast.Port(span_of(children), name_of(name), kind)

    def unnamed_port(self, children):
        return ast.Port(children[0].span, None, children[0])

    def type(self, children):
        return ast.Type(span_of(children), name_of(children[0]), nodes(children))

    def plain_dim(self, children):
        return ast.Dim(children[0].span, children[0])

    def hinted_dim(self, children):
        name, _, hint = children
        return ast.Dim(span_of(children), ast.Var(name.span, name.text), hint)

    formals = ports = outputs = gathered
