"""Expressions as Python text: minimal parentheses, the formatter's spacing, long calls broken one argument a line."""

from __future__ import annotations

import math
import re
from typing import Any

from . import expressions as py
from .imports import Imports

WIDTH = 120
INDENT = "    "

PRECEDENCE = {
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">="], 2),
    "|": 3, "^": 4, "&": 5, "+": 7, "-": 7, "*": 8, "/": 8, "//": 8, "%": 8, "@": 8, "**": 10,
}  # fmt: skip
CONDITIONAL, COMPARISON, UNARY, POWER, ATOM = 0, 2, 9, 10, 12

CLOSING = {"(": ")", "[": "]", "{": "}", "": ""}


class Printer:
    """Prints expressions of one file. `imports` names what they import, `notes` has comments for values."""

    def __init__(self, imports: Imports):
        self.imports = imports
        self.notes: dict[Any, str] = {}

    def text(self, expr: py.Expr | None, least: int = 0) -> str:
        """The expression on one line, in parentheses where it binds looser than `least`."""
        written, precedence = self._written(expr)
        return f"({written})" if precedence < least else written

    def _written(self, expr: py.Expr | None) -> tuple[str, int]:
        match expr:
            case None:
                return "", ATOM
            case py.Code(text):
                return text, ATOM
            case py.Path(path):
                return self.imports.name(path), ATOM
            case py.ClassRef(cls):
                return cls.name, ATOM
            case py.Literal(value):
                return literal(value), UNARY if isinstance(value, (int, float)) and is_negative(value) else ATOM
            case py.Binary():
                return self._binary(expr)
            case py.Unary(op, operand):
                return op + self.text(operand, UNARY), UNARY
            case py.Conditional(then, test, otherwise):
                return f"{self.text(then, 1)} if {self.text(test, 1)} else {self.text(otherwise)}", CONDITIONAL
            case py.Ref() | py.Dim():
                raise AssertionError(f"a value without a name is printed: {expr}")
        return self._bracketed(expr), ATOM

    def _bracketed(self, expr: py.Expr) -> str:
        match expr:
            case py.Keyword(name, value):
                return f"{name}={self.text(value)}"
            case py.Call(function, arguments):
                return f"{self.text(function, ATOM)}({self._list(arguments)})"
            case py.Attribute(py.Literal(value), name) if isinstance(value, int):
                return f"({literal(value)}).{name}"
            case py.Attribute(value, name):
                return f"{self.text(value, ATOM)}.{name}"
            case py.Index(value, subscripts):
                return f"{self.text(value, ATOM)}[{self._list(subscripts)}]"
            case py.Slice(start, stop, step):
                return self._slice([start, stop] if step is None else [start, stop, step])
            case py.Noted(item):
                return self.text(item)
        return self._several(expr)

    def _several(self, expr: py.Expr) -> str:
        match expr:
            case py.Items("[", (py.Copies(count=count) as copies,)) if not _is_one(count):
                return self.text(copies)[1:]
            case py.Items(bracket, items):
                comma = "," if len(items) == 1 and bracket != "[" else ""
                return f"{bracket}{self._list(items)}{comma}{CLOSING[bracket]}"
            case py.Pairs(items):
                return "{" + ", ".join(f"{self.text(key)}: {self.text(value)}" for key, value in items) + "}"
            case py.Copies(item, count) if _is_one(count):
                return self.text(item)
            case py.Copies(item, count, variable):
                return f"*[{self.text(item)} for {variable} in range({self.text(count)})]"
        raise AssertionError(f"no Python for {expr}")

    def _list(self, items: tuple[py.Expr, ...]) -> str:
        return ", ".join(map(self.text, items))

    def _binary(self, expr: py.Binary) -> tuple[str, int]:
        own = PRECEDENCE[expr.op]
        # Comparisons do not chain; the right side of the others, and the left side of a power, binds tighter.
        left = self.text(expr.left, own + 1 if own in (COMPARISON, POWER) else own)
        right = self.text(expr.right, UNARY if own == POWER else own + 1)
        hugged = own == POWER and is_simple_operand(expr.left) and is_simple_operand(expr.right)
        return f"{left}{expr.op}{right}" if hugged else f"{left} {expr.op} {right}", own

    def _slice(self, ends: list[py.Expr | None]) -> str:
        if all(end is None or isinstance(end, (py.Literal, py.Code)) for end in ends):
            return ":".join(map(self.text, ends))
        first, *others = map(self.text, ends)
        return (f"{first} :" if first else ":") + " :".join(f" {other}" if other else "" for other in others)

    def lines(self, before: str, expr: py.Expr, after: str = "", depth: int = 0) -> list[str]:
        """`before expr after` as lines, broken at the outermost brackets while it is too wide."""
        start = INDENT * depth + before
        flat = start + self.text(expr) + after
        if len(flat) <= WIDTH:
            return [flat]
        match expr:
            case py.Keyword(name, value):
                return self.lines(f"{before}{name}=", value, after, depth)
            case py.Call(function, arguments) if arguments:
                return self._broken(f"{start}{self.text(function, ATOM)}(", arguments, f"){after}", depth)
            case py.Items("[", (py.Copies(count=count) as copies,)) if not _is_one(count):
                first, *rest = self.lines("", copies, after, depth)
                return [start + first.lstrip()[1:], *rest]
            case py.Literal(value) if value and isinstance(value, (list, tuple)):
                bracket = "[" if isinstance(value, list) else "("
                return self.lines(before, py.Items(bracket, tuple(map(py.Literal, value))), after, depth)
            case py.Items(bracket, items) if items:
                opening = bracket or "("
                return self._broken(start + opening, items, CLOSING[opening] + after, depth)
            case py.Copies(item, count) if _is_one(count):
                return self.lines(before, item, after, depth)
            case py.Copies(item, count, variable):
                notes, self.notes = self.notes, {}  # sizes may differ from copy to copy
                inner = self.lines("", item, "", depth + 1)
                self.notes = notes
                loop = f"{INDENT * (depth + 1)}for {variable} in range({self.text(count)})"
                return [f"{start}*[", *inner, loop, f"{INDENT * depth}]{after}"]
            case py.Conditional() | py.Binary() if before.endswith(("= ", "return ")):
                inner = self._in_parentheses(expr, depth + 1)
                return [f"{start}(", *inner, f"{INDENT * depth}){after}"]
        return [flat]

    def _in_parentheses(self, expr: py.Conditional | py.Binary, depth: int) -> list[str]:
        """A choice or a row of operators, a part a line where one line is too narrow."""
        if len(INDENT * depth + self.text(expr)) <= WIDTH:
            return [INDENT * depth + self.text(expr)]
        if isinstance(expr, py.Conditional):
            test = f"{INDENT * depth}if {self.text(expr.test, 1)}"
            return [*self._part("", expr.then, 1, depth), test, *self._part("else ", expr.otherwise, 0, depth)]
        return self._operands(expr, depth)

    def _operands(self, expr: py.Binary, depth: int) -> list[str]:
        own = PRECEDENCE[expr.op]
        chained = isinstance(expr.left, py.Binary) and PRECEDENCE[expr.left.op] == own > COMPARISON
        left = self._operands(expr.left, depth) if chained else self._part("", expr.left, own, depth)
        return [*left, *self._part(f"{expr.op} ", expr.right, own + 1, depth)]

    def _part(self, before: str, expr: py.Expr, least: int, depth: int) -> list[str]:
        """A part on lines of its own, in parentheses where it binds looser than `least`."""
        if self._written(expr)[1] < least:
            return [f"{INDENT * depth}{before}({self.text(expr)})"]
        return self.lines(before, expr, depth=depth)

    def _broken(self, start: str, items: tuple[py.Expr, ...], end: str, depth: int) -> list[str]:
        inner = [line for item in items for line in self._item_lines(item, depth + 1)]
        return [start, *inner, INDENT * depth + end]

    def _item_lines(self, item: py.Expr, depth: int) -> list[str]:
        """An item on lines of its own, with its comment if there is one."""
        name, value = (f"{item.name}=", item.value) if isinstance(item, py.Keyword) else ("", item)
        if not isinstance(value, py.Noted):
            return self.lines(name, value, ",", depth)
        *lines, last = self.lines(name, value.item, ",", depth)
        if lines and any(part == py.Path("torch.nn.Sequential") for part in py.parts(value.item)):
            return [*lines, last]  # the items within say it
        return [*lines, with_comment(last, self.notes.get(value.given, ""))]


def _is_one(count: py.Expr) -> bool:
    return isinstance(count, py.Literal) and count.value == 1


def with_comment(line: str, comment: str) -> str:
    """The line with its comment, if there is one and it fits."""
    return f"{line}  # {comment}" if comment and len(line) + len(comment) + 4 <= WIDTH else line


def literal(value: Any) -> str:
    """A plain value as Python source; text always passes through `repr`."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return number(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def number(value: float) -> str:
    if not math.isfinite(value):
        return f'float("{value}")'
    return re.sub(r"e([+-]?)0*", lambda found: "e" + found[1].replace("+", ""), repr(value))


def quoted(text: str) -> str:
    """A string literal, in double quotes where that needs no more backslashes."""
    written = repr(text)
    return written if '"' in text or written[0] == '"' else f'"{written[1:-1]}"'


def is_negative(value: float) -> bool:
    return math.copysign(1, value) < 0


def is_simple_operand(expr: py.Expr) -> bool:
    """Whether the formatter hugs `**` beside it: a name, a number, or an attribute of a name."""
    match expr:
        case py.Literal(value):
            return isinstance(value, (int, float)) and math.isfinite(value)
        case py.Code(text):
            return text.replace(".", "").isidentifier()
        case py.Attribute(value):
            return is_simple_operand(value)
    return isinstance(expr, py.Path)
