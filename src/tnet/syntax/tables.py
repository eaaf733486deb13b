"""The grammar as the tables of an automaton, made by Lark: only this imports it, and only to make them anew."""

from __future__ import annotations

from typing import Any

import lark
from lark.parsers.lalr_analysis import Shift

START_SYMBOLS = ("spec", "lone_value", "lone_stages")


def make_tables(grammar: str) -> dict[str, Any]:
    """The tables of a grammar, as plain data that `automaton` describes."""
    made = lark.Lark(
        grammar, parser="lalr", lexer="basic", start=list(START_SYMBOLS), keep_all_tokens=True, maybe_placeholders=True
    )  # fmt: skip
    runs = {start: made.parse_interactive("", start=start).parser_state.parse_conf for start in START_SYMBOLS}
    states = runs["spec"].states
    numbers: dict = {}
    return {
        "actions": [_actions(states[number], numbers) for number in range(len(states))],
        "gotos": [_gotos(states[number]) for number in range(len(states))],
        "rules": [_rule(rule) for rule in numbers],
        "ends": {start: (run.start_state, run.end_state) for start, run in runs.items()},
        "terminals": {str(each.name): (each.pattern.type, str(each.pattern.value)) for each in made.terminals},
    }


def _actions(row: dict, numbers: dict) -> dict[str, int]:
    """What a state does at each terminal; `numbers` gives each rule its number."""
    return {
        str(name): target if action is Shift else ~numbers.setdefault(target, len(numbers))
        for name, (action, target) in row.items()
        if name.isupper()
    }


def _gotos(row: dict) -> dict[str, int]:
    return {str(name): target for name, (_, target) in row.items() if not name.isupper()}


def _rule(rule: lark.grammar.Rule) -> tuple:
    """Lark's conventions spelled out: `_name` goes into its parent, `?name` is its only child, `[x]` may be None."""
    origin = str(rule.origin.name)
    absent = "".join(str(int(each)) for each in rule.options.empty_indices) or "0" * len(rule.expansion)
    inline = tuple(not each.is_term and each.name.startswith("_") for each in rule.expansion)
    nones = tuple(len(each) for each in absent.split("0"))
    if rule.alias:
        return origin, str(rule.alias), inline, nones
    if rule.options.expand1:
        assert inline == (False,) and not any(nones), f"`?{origin}` has an alternative of several parts without a name"
        return origin, None, inline, nones
    return origin, "" if origin.startswith("_") else origin, inline, nones
