"""The LALR(1) automaton that reads tokens by the tables of the grammar.

The tables are plain data:

- `actions`: for each state, what it does at each terminal: a state to shift to, or ~n to reduce by rule n;
- `gotos`: for each state, the state after each nonterminal;
- `rules`: (name, method, inline, nones) each. The builder's method makes a node of the children; "" stands for rules
  whose children go into the parent, None for those that are their only child. `inline` says of each symbol whether its
  children are taken instead of it, `nones` how many absent parts stand before each and at the end;
- `ends`: for each start symbol its first and its last state;
- `terminals`: for each terminal ("str", text) or ("re", pattern).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .scanner import END, Token

# Children of a rule that goes into its parent: the children before, and those added. Never changed, so that a copy of
# a cursor stays what it was; not one list, so that long bodies are not copied at every statement.
_Rope = tuple[Any, list]


class Automaton:
    """The tables, bound to the methods of a builder."""

    def __init__(self, tables: dict[str, Any], builder: object):
        self.actions: list[dict[str, int]] = tables["actions"]
        self.gotos: list[dict[str, int]] = tables["gotos"]
        self.ends: dict[str, tuple[int, int]] = tables["ends"]
        self.rules = [_Rule(rule, builder) for rule in tables["rules"]]

    def start(self, symbol: str) -> Cursor:
        """A cursor before the first token of a start symbol."""
        first, last = self.ends[symbol]
        return Cursor(self, last, [first], [])


class _Rule:
    """A rule of the grammar, ready to make a value of the values of its symbols."""

    __slots__ = ("name", "length", "is_child", "_build", "_inline", "_nones")

    def __init__(self, rule: tuple, builder: object):
        self.name, method, self._inline, self._nones = rule
        self.length = len(self._inline)
        self.is_child = method is None
        self._build: Callable[[list], object] | None = getattr(builder, method) if method else None

    def value(self, values: list) -> object:
        rope: _Rope | None = values[0] if values and self._inline[0] and not self._nones[0] else None
        children = list(self._children(values, skip=rope is not None))
        return self._build(_flat(rope) + children) if self._build else (rope, children)

    def _children(self, values: list, skip: bool) -> Iterable[object]:
        for index, value in enumerate(values):
            for _ in range(self._nones[index]):
                yield None
            if self._inline[index] and not (skip and index == 0):
                yield from _flat(value)
            elif not self._inline[index]:
                yield value
        for _ in range(self._nones[-1]):
            yield None


def _flat(rope: _Rope | None) -> list:
    parts = []
    while rope is not None:
        rope, children = rope
        parts.append(children)
    return [child for part in reversed(parts) for child in part]


class Cursor:
    """A place in a text as the automaton sees it; `result` is what the text stands for, after its end."""

    __slots__ = ("_automaton", "_last", "_states", "_values", "result")

    def __init__(self, automaton: Automaton, last: int, states: list[int], values: list):
        self._automaton = automaton
        self._last = last
        self._states = states
        self._values = values
        self.result: Any = None

    def copy(self) -> Cursor:
        return Cursor(self._automaton, self._last, self._states.copy(), self._values.copy())

    @property
    def height(self) -> int:
        """How many symbols wait to be put together; grows with nesting."""
        return len(self._states)

    @property
    def allowed(self) -> dict[str, int]:
        """The terminals this state knows, keyed by name; some may turn out not to fit."""
        return self._automaton.actions[self._states[-1]]

    def fitting(self) -> set[str]:
        """The terminals that fit here."""
        return {terminal for terminal in self.allowed if self._fits(terminal)}

    def feed(self, token: Token) -> bool:
        """Move past a token; False where it does not fit, after which only what fits can still be asked."""
        actions, rules, states = self._automaton.actions, self._automaton.rules, self._states
        while (action := actions[states[-1]].get(token.type)) is not None:
            if action >= 0:
                states.append(action)
                self._values.append(token)
                return True
            self._reduce(rules[~action])
            if token.type == END and states[-1] == self._last:
                self.result = self._values[-1]
                return True
        return False

    def _reduce(self, rule: _Rule) -> None:
        states = self._states
        del states[len(states) - rule.length :]
        if not rule.is_child:
            start = len(self._values) - rule.length
            self._values[start:] = [rule.value(self._values[start:])]
        states.append(self._automaton.gotos[states[-1]][rule.name])

    def _fits(self, terminal: str) -> bool:
        states = self._states.copy()
        while (action := self._automaton.actions[states[-1]].get(terminal)) is not None:
            if action >= 0:
                return True
            rule = self._automaton.rules[~action]
            del states[len(states) - rule.length :]
            states.append(self._automaton.gotos[states[-1]][rule.name])
            if terminal == END and states[-1] == self._last:
                return True
        return False
