"""Text to syntax tree. There is always a tree; what could not be read is an error node and a diagnostic.

The parser reads item by item: a declaration, a statement, a rule, a setting. It remembers its state at the start of
the item it is in, at each level of braces. Where an item cannot be read it goes back to that state, takes the item as
an ERROR and goes on after it, so that each item gives one diagnostic at most and the next is read undisturbed.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..diagnostics import Diagnostic, SpecError
from ..source import Source
from . import ast, literals, recovery
from .faults import Fault, describe, missing_brace, single_quoted
from .grammar import automaton, terminals
from .nesting import LIMIT, check_depth, too_deep
from .recovery import Item
from .scanner import END, SEPARATOR, SINGLE_QUOTED, Scanner, Token

# Brackets that open no counted node (bodies of declarations, rules, parameter lists) are never nested this deep.
_MOST_BRACKETS = LIMIT + 8
_TALLEST_STACK = 32 * LIMIT
_MOST_DIAGNOSTICS = 200


class _GivenUp(Exception):
    """The rest of the text is not read."""


class Parser:
    """One reading of `source[begin:end]` from a start symbol of the grammar."""

    def __init__(self, source: Source, start: str, begin: int = 0, end: int | None = None):
        self.scanner = Scanner(terminals(), source, begin, end)
        self.cursor = automaton().start(start)
        self.diagnostics: list[Diagnostic] = []
        self.items: list[Item] = []
        self.recovered = -1
        self.has_gaps = False

    def run(self):
        """What the start symbol stands for, or None where the text holds no item to go back to."""
        try:
            while not self._step():
                pass
        except _GivenUp:
            if not self.items:
                return None
            self._drop(self.items[0], self.scanner.end)
            self.cursor.feed(Token(END, "", self.scanner.source.span(self.scanner.end, self.scanner.end)))
        return self.cursor.result

    def _step(self) -> bool:
        """Read one token; True at the end."""
        choices = self.cursor.allowed
        token = self.scanner.read(choices)
        if "ERROR" in choices:
            self._enter(Item(self.cursor.copy(), len(self.scanner.brackets), token))
            if self.scanner.brackets and recovery.declares(self.scanner, token):
                self._leave_braces(token)
                return False
        if not self.cursor.feed(self._with_value(token)):
            return self._recover(token)
        self.scanner.accept(token)
        self._check_limits(token)
        return token.type == END

    def _with_value(self, token: Token) -> Token:
        """The token with what it means; where it means nothing, that is reported and something stands in for it."""
        try:
            if token.type in ("INT", "FLOAT"):
                return replace(token, value=literals.number(token))
            if token.type == "STRING":
                return replace(token, value=literals.string(token, _interpolated))
            if token.type == SINGLE_QUOTED and "STRING" in self.cursor.allowed:
                self._keep(single_quoted(token))
                return replace(token, type="STRING", value=literals.single_quoted(token))
            if token.type == "NAME" and token.text in literals.PYTHON_CONSTANTS:
                self._keep(literals.python_constant(token))
                return replace(token, value=ast.Literal(token.span, literals.PYTHON_CONSTANTS[token.text]))
        except SpecError as fault:
            self._keep(*fault.diagnostics)
            return replace(token, value=ast.ErrorNode(token.span))
        return token

    def _check_limits(self, token: Token) -> None:
        """Stop at text whose tree is certain to be too deep, before the parser has read all of it."""
        tall = self.cursor.height > _TALLEST_STACK
        if tall or len(self.scanner.brackets) > _MOST_BRACKETS:
            self._report(too_deep(token.span))
            raise _GivenUp

    def _report(self, *diagnostics: Diagnostic) -> None:
        """Keep diagnostics of the item being read, unless it has one already."""
        item = self.items[-1] if self.items else None
        if item and item.faulty:
            return
        if item:
            item.faulty = True
        self._keep(*diagnostics)

    def _keep(self, *diagnostics: Diagnostic) -> None:
        """Keep diagnostics, once, also of text that is read a second time."""
        self.diagnostics += (each for each in diagnostics if each not in self.diagnostics)
        if len(self.diagnostics) >= _MOST_DIAGNOSTICS:
            raise _GivenUp

    # ---- recovery ----------------------------------------------------------------------------------------------------

    def _enter(self, item: Item) -> None:
        self._forget_items(deeper_than=item.depth - 1)
        self.items.append(item)

    def _forget_items(self, deeper_than: int) -> None:
        while self.items and self.items[-1].depth > deeper_than:
            self.items.pop()

    def _recover(self, token: Token) -> bool:
        """Report a token that does not fit and go on after its item; True at the end."""
        self._forget_items(deeper_than=len(self.scanner.brackets))
        if not self.items:
            self._report(describe(Fault(self.scanner, None, token, self.cursor.fitting())))
            raise _GivenUp
        item = self.items[-1]
        cause = None if item.faulty else self._explain(item, token)
        if token.type == END:
            return self._end(token)
        if cause:
            self.scanner.position = cause.position
        else:
            recovery.skip(self.scanner, item, self._may_have_body(item))
        if self.scanner.position == self.recovered:
            self.scanner.accept(token)
        self.recovered = self.scanner.position
        self._drop(item, self.scanner.position)
        return False

    def _explain(self, item: Item, token: Token) -> recovery.Break | None:
        """Report why a token does not fit in an item; where the item ends instead, if it does so before the token."""
        cause = recovery.find_break(self.scanner, item, token)
        section = self.items[0].first.text
        self._report(describe(Fault(self.scanner, item, token, self.cursor.fitting(), cause, section)))
        return cause

    def _drop(self, item: Item, end: int) -> None:
        """Take an item, up to `end`, as one that could not be read."""
        self.has_gaps = True
        start = item.first.span.start
        unread = Token("ERROR", "", self.scanner.source.span(start, max(start, end)))
        self.cursor = item.cursor.copy()
        self.cursor.feed(unread)
        self.scanner.previous = unread
        del self.scanner.brackets[item.depth :]

    def _may_have_body(self, item: Item) -> bool:
        """Whether braces after the unreadable head of this item hold statements, to be read for their own sake."""
        trial = item.cursor.copy()
        trial.feed(Token("ERROR", "", item.first.span))
        holds_rules = item.first.type == "IF" and "SELECTOR" in item.cursor.allowed
        return "LBRACE" in trial.allowed and not holds_rules and (item.depth > 0 or item.first.type in ("BLOCK", "NET"))

    def _leave_braces(self, token: Token) -> None:
        """A declaration at the start of a line inside braces: they were never closed."""
        self._report(missing_brace(self.scanner, token))
        self._close_braces(token)
        separator = Token(SEPARATOR, "\n", self.scanner.source.span(token.span.start, token.span.start))
        self.cursor.feed(separator)
        self.scanner.previous = separator

    def _close_braces(self, token: Token) -> None:
        """Close all brackets that are open before `token`, as if the text had."""
        self.has_gaps = self.has_gaps or bool(self.scanner.brackets)
        place = self.scanner.source.span(self.scanner.position, self.scanner.position)
        while self.scanner.brackets:
            self._forget_items(deeper_than=len(self.scanner.brackets))
            item, closing = self.items[-1], Token("RBRACE", "}", place)
            if len(self.scanner.brackets) == item.depth and self.cursor.feed(closing):
                self.scanner.brackets.pop()
            else:
                self._drop(item, self.scanner.position)

    def _end(self, token: Token) -> bool:
        self._close_braces(token)
        if not self.cursor.feed(token):
            self._forget_items(deeper_than=0)
            self._drop(self.items[-1], self.scanner.position)
            self.cursor.feed(token)
        return True


def _interpolated(source: Source, begin: int, end: int) -> ast.Expr:
    """The expression between the braces of a string; raises what is wrong with it."""
    reading = Parser(source, "lone_value", begin, end)
    value = reading.run()
    if reading.diagnostics:
        raise SpecError(reading.diagnostics)
    return value


WORDS = re.compile(r"\w+|[^\w\s]")
LARGEST_WORDS = 200_000


def parse(source: Source) -> ast.Tree:
    """The syntax tree of a spec, whatever its text: what cannot be read is an error node and has a diagnostic."""
    if (count := sum(1 for _ in WORDS.finditer(source.text))) > LARGEST_WORDS:
        message = f"the spec has {count:,} words and signs; at most {LARGEST_WORDS:,} are read"
        return ast.Tree(source, (), (), (Diagnostic("TN0901", "error", message, source.span(0, 0)),), True)
    reading = Parser(source, "spec", begin=_after_mark(source))
    declarations = tuple(_checked(each, reading.diagnostics) for each in reading.run())
    if not declarations:
        help = "a spec has a net at least; `tnet new` writes one to start from"
        reading.has_gaps = True
        reading.diagnostics.append(Diagnostic("TN0106", "error", "this spec is empty", source.span(0, 0), help=help))
    diagnostics = sorted(reading.diagnostics, key=lambda each: each.span.start)
    has_gaps = reading.has_gaps or any(isinstance(each, ast.ErrorNode) for each in declarations)
    return ast.Tree(source, declarations, reading.scanner.comments, tuple(diagnostics), has_gaps)


def parse_expression(source: Source, begin: int | None = None) -> tuple[ast.Expr | None, tuple[Diagnostic, ...]]:
    """The one expression or pipe that the text from `begin` on is, or None; and what is wrong with it."""
    reading = Parser(source, "lone_value", begin=_after_mark(source) if begin is None else begin)
    return _alone(reading.run(), reading.diagnostics)


def parse_stages(
    source: Source, begin: int | None = None
) -> tuple[tuple[ast.Stage, ...] | None, tuple[Diagnostic, ...]]:
    """The value of a setting that the text from `begin` on is, `LinearLR() for 5 epochs -> CosineAnnealingLR`, or None;
    and what is wrong with it.
    """
    reading = Parser(source, "lone_stages", begin=_after_mark(source) if begin is None else begin)
    stages, diagnostics = _alone(reading.run(), reading.diagnostics)
    return stages and stages.items, diagnostics


def _alone(value, diagnostics: list[Diagnostic]):
    if value is not None:
        value = _checked(value, diagnostics)
    return (None if diagnostics else value), tuple(diagnostics)


def _checked(node: ast.Node, diagnostics: list[Diagnostic]) -> ast.Node:
    """The node, or an error node where it is nested too deep."""
    fault = check_depth(node)
    if fault is None:
        return node
    diagnostics.append(fault)
    return ast.ErrorNode(node.span)


def _after_mark(source: Source) -> int:
    """The offset after a byte order mark."""
    return int(source.text.startswith("\ufeff"))
