"""What the grammar would take at a place, in the words of the language."""

from __future__ import annotations

from collections.abc import Set

from ..diagnostics import either

# At the start of an item, the first of these terminals that fits says what items there are.
_ITEMS = {
    "HYPER": "a declaration",
    "RETURN": "a step or a statement",
    "SELECTOR": "a rule",
    "STRING": "a setting or a pipeline",
    "NAME": "a setting",
}
_VALUE = {"NAME", "STRING", "INT", "LSQB", "LPAR"}
_STEP = {"NAME", "STRING", "REPEAT", "LBRACE"}

# Named one by one where nothing larger is expected, in this order.
_NAMED = {
    "NAME": "a name",
    "STRING": "a string",
    "EQUAL": "`=`",
    "COLON": "`:`",
    "LPAR": "`(`",
    "LSQB": "`[`",
    "COMMA": "`,`",
    "IN": "`in`",
    "WITH": "`with`",
    "IMPORT": "`import`",
    "FORWARD": "`forward`",
    "BACKWARD": "`backward`",
    "ELSE": "`else`",
    "LBRACE": "`{`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "RBRACE": "`}`",
}
# What fits after nearly every value or step is worth no mention.
_AFTER_VALUE = {"LPAR", "LSQB", "EQUAL", "COLON"}
_AFTER_STEP = {"LPAR", "LSQB", "LBRACE", "COMMA"}


def expected(fitting: Set[str], previous: str, in_bracket: bool, end: str) -> str:
    """The terminals that fit after the text `previous`, in words; `end` is what follows the whole text."""
    whole = _whole(fitting, previous)
    if whole and "ERROR" in fitting:
        return whole
    if whole:
        return either([whole, *(_NAMED[each] for each in ("RPAR", "RSQB", "RBRACE") if each in fitting)])
    ends = bool(fitting & {"_SEP", "$END"}) and not in_bracket
    minor = _AFTER_VALUE if "PLUS" in fitting else _AFTER_STEP if ends else set()
    if ends:
        minor = minor | {"RBRACE", "COMMA"}
    named = [words for terminal, words in _NAMED.items() if terminal in fitting - minor]
    if ends:
        named.append("the end of the line" if "_SEP" in fitting else end)
    return either(named or ["`->`"])


def _whole(fitting: Set[str], previous: str) -> str | None:
    """A value, a step or an item, where one is expected."""
    if "ERROR" in fitting:
        return next(words for terminal, words in _ITEMS.items() if terminal in fitting)
    if _VALUE <= fitting:
        return "a value"
    if _STEP <= fitting:
        return "a step"
    if fitting == {"NAME"} and previous in (":", "->"):
        return "a type such as `float[N, 3]`"
    return None
