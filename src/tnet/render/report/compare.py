"""Several runs on one page: results side by side, curves in the same pictures, and what was different."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import highlight, html
from ..html import lines, table, words
from .curves import curves
from .facts import Facts
from .page import STYLE, WIDTH
from .resolved import settings, shown
from .sections import about, figures_of, number, section

NAMES = "td:first-child { white-space: nowrap; } td { max-width: 24rem; overflow-wrap: break-word; }"
CONTEXT = 3
"""Lines around a difference of two specs."""
MOST_CLASSES = 40


def comparison_page(runs: Sequence[Facts]) -> str:
    """The page as HTML; the first run is what the others' specs are compared with."""
    names = names_of(runs)
    title = f"{len(runs)} runs: {', '.join(names)}"
    named = list(zip(names, runs, strict=True))
    body = [
        f"<h1>{words(title)}</h1>",
        *section("Results", _results(named)),
        *section("Curves", figures_of(curves(named))),
        *_classes(named),
        *section("Differences of settings", _settings(named)),
        *section("Differences of specs", _specs(named)),
    ]
    return html.page(title, body, STYLE + highlight.STYLE + NAMES, WIDTH, curves=True)


def names_of(runs: Sequence[Facts]) -> list[str]:
    """The last parts of the runs' paths, as many as tell them apart."""
    parts = [run.path.resolve().parts for run in runs]
    deepest = max(map(len, parts))
    for count in range(1, deepest + 1):
        names = ["/".join(each[-count:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return names


def _results(runs: Sequence[tuple[str, Facts]]) -> Iterator[str]:
    found = [facts.results for _, facts in runs]
    rows = [["", *(facts.state for _, facts in runs)]]
    for name in dict.fromkeys(name for each in found for name in each):
        rows.append([name, *(number(each[name]) if name in each else "" for each in found)])
    facts_of = [dict(about(facts)) for _, facts in runs]
    for name in dict.fromkeys(name for each in facts_of for name in each):
        rows.append([name, *(each.get(name, "") for each in facts_of)])
    titles = ["", *(name for name, _ in runs)]
    yield table(titles, rows, titles)


def _classes(runs: Sequence[tuple[str, Facts]]) -> Iterator[str]:
    """Accuracy by class, where the runs have the same classes."""
    found = [facts.record.seen.get("by_class") or {} for _, facts in runs]
    classes = list(found[0])
    if not classes or any(list(each) != classes for each in found):
        return
    spread = {name: _spread([each[name] for each in found]) for name in classes}
    chosen = classes if len(classes) <= MOST_CLASSES else sorted(classes, key=lambda name: -spread[name])[:MOST_CLASSES]
    rows = [[name, *("" if each[name] is None else f"{each[name]:.3f}" for each in found)] for name in chosen]
    yield from section("Accuracy by class", [table(["class", *(name for name, _ in runs)], rows, ["class"])])


def _spread(shares: Sequence[float | None]) -> float:
    known = [share for share in shares if share is not None]
    return max(known) - min(known) if known else 0.0


def _settings(runs: Sequence[tuple[str, Facts]]) -> Iterator[str]:
    """What is not the same for all runs."""
    found = [_flat(facts.about) for _, facts in runs]
    names = dict.fromkeys(name for each in found for name in each)
    rows = [[name, *(each.get(name, "not set") for each in found)] for name in names
            if len({each.get(name) for each in found}) > 1]  # fmt: skip
    titles = ["name", *(name for name, _ in runs)]
    yield table(titles, rows, titles) if rows else "<p>none</p>"


def _flat(about: Mapping[str, Any]) -> dict[str, str]:
    groups = {title: values for title, values in settings(about) if title != "given on the command line"}
    others = {name: shown(about[name]) for name in ("net", "recipe", "device") if name in about}
    samples = {
        f"{name} samples": shown(count) for name, count in ((about.get("data") or {}).get("samples") or {}).items()
    }
    versions = {f"version of {name}": shown(value) for name, value in (about.get("versions") or {}).items()}
    inner = {f"{title}: {name}": value for title, values in groups.items() for name, value in values.items()}
    return {**others, **inner, **samples, **versions}


def _specs(runs: Sequence[tuple[str, Facts]]) -> Iterator[str]:
    """Each spec against the first one's, line by line."""
    first_name, first = runs[0]
    for name, facts in runs[1:]:
        yield f"<h3>{words(first_name)} → {words(name)}</h3>"
        if not (first.text and facts.text):
            yield f"<p>{words(name if first.text else first_name)} has no spec that can be read</p>"
            continue
        changes = list(difflib.unified_diff(first.text.splitlines(), facts.text.splitlines(), n=CONTEXT, lineterm=""))
        if not changes:
            yield "<p>the same text</p>"
            continue
        yield f'<pre class="code">{"".join(map(_changed, changes[2:]))}</pre>'


TAGS = {"-": "del", "+": "ins"}


def _changed(line: str) -> str:
    """A line of a difference, its sign before it."""
    if line.startswith("@@"):
        return f'<span class="comment">{lines(line)}</span>\n'
    tag = TAGS.get(line[0])
    return f"<{tag}>{lines(line)}</{tag}>" if tag else f"{lines(line)}\n"
