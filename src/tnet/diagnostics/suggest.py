"""Nearest names: case-folded, then edit distance up to a third of the length."""

from __future__ import annotations

from collections.abc import Iterable


def distance(a: str, b: str) -> int:
    """Damerau-Levenshtein distance (optimal string alignment: a swap of neighbours counts once)."""
    before, previous = [], list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            best = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        before, previous = previous, current
    return previous[-1]


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like `name`, or none that is near enough."""
    folded = name.casefold()
    limit = max(1, len(name) // 3) if len(name) > 1 else 0
    close = (each for each in names if abs(len(each) - len(name)) <= limit)
    ranked = sorted((distance(folded, each.casefold()), each != name, each) for each in close)
    return ranked[0][2] if ranked and ranked[0][0] <= limit else None


def did_you_mean(name: str, names: Iterable[str]) -> str | None:
    """`did you mean `X`?`, ready as a help line."""
    found = nearest(name, names)
    return f"did you mean `{found}`?" if found else None
