"""The sections of a run's page, in order. Each gives its lines of HTML, none where it would say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...training.progress import duration
from ..canvas_svg import svg
from ..html import html_table, table, words
from ..tracks import is_number
from .curves import curves
from .facts import Facts
from .matrix import matrix_figure
from .pictures import features, image, kernels, made, mistakes
from .resolved import resolved, spec, versions
from .ridges import ridges_figure
from .scatter import scatter_figure

MOST_CLASSES = 40
"""Classes up to which all are listed; of more, the worst ones."""
TITLES = {"val": "validation data", "test": "test data", "train": "training data"}


def result(facts: Facts) -> Iterator[str]:
    """How far the run came, and its results."""
    yield f"<p>{words(facts.state)}</p>"
    if facts.damaged:
        lines = "line" if facts.damaged == 1 else "lines"
        yield f'<p class="quiet">{facts.damaged} {lines} of metrics.jsonl could not be read and are left out</p>'
    shown = sorted(facts.results.items(), key=lambda each: not each[0].startswith("test."))
    if shown:
        tiles = "".join(f"<div><b>{number(value)}</b>{words(name)}</div>" for name, value in shown)
        yield f'<div class="results">{tiles}</div>'
    yield "".join(f"<p>{words(name)}: {words(value)}</p>" for name, value in about(facts))


def number(value: float) -> str:
    return f"{value:.4f}" if isinstance(value, float) and 1e-3 <= abs(value) < 1e5 else f"{value:.5g}"


def about(facts: Facts) -> Iterator[tuple[str, str]]:
    given, record = facts.about, facts.record
    yield "command", given.get("command", "")
    yield "started", given.get("started", "")
    for sitting in filter(lambda each: isinstance(each, Mapping), given.get("resumed") or ()):
        yield "resumed", f"{sitting.get('at')}, after step {sitting.get('step')}"
    yield "device", given.get("device", "")
    samples = (given.get("data") or {}).get("samples") or {}
    yield "samples", ", ".join(f"{count} {name}" for name, count in samples.items())
    if record.parameters:
        frozen = f", {record.trained:,} of them trained" if record.trained != record.parameters else ""
        yield "parameters", f"{record.parameters:,}{frozen}"
    if is_number(seconds := (facts.end or {}).get("seconds")):
        yield "time", duration(seconds)


def curve_section(facts: Facts) -> Iterator[str]:
    figures = curves([("", facts)])
    if figures:
        yield from section("Curves", figures_of(figures))


def class_section(facts: Facts) -> Iterator[str]:
    """Accuracy by class and the confusion matrix."""
    seen = facts.record.seen
    counts, classes = seen.get("confusion"), seen.get("classes", ())
    body = []
    if shares := seen.get("by_class") or (counts and _found(counts, classes)):
        overlaps = _overlaps(counts, classes) if counts and seen.get("dense") else {}
        body.append(_by_class(shares, overlaps))
    if counts:
        body.append(svg(matrix_figure(counts, classes), alone=False))
    if body:
        note = f"{_seen_at(facts)}{'; pixels are counted' if seen.get('dense') else ''}"
        yield from section("Classes", [f'<div class="figures">{"".join(body)}</div>'], note)


def _found(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> dict[str, float | None]:
    """The share of each class that was found."""
    return {name: _share(row[number], sum(row)) for number, (name, row) in enumerate(zip(classes, counts, strict=True))}


def _overlaps(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> dict[str, float | None]:
    """Intersection over union of each class, as Everingham et al., The Pascal visual object classes challenge, 2010."""
    columns = [sum(column) for column in zip(*counts, strict=True)]
    return {
        name: _share(row[number], sum(row) + columns[number] - row[number])
        for number, (name, row) in enumerate(zip(classes, counts, strict=True))
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _by_class(shares: Mapping[str, float | None], overlaps: Mapping[str, float | None]) -> str:
    known = [(name, share) for name, share in shares.items() if share is not None]
    title = "class"
    if len(known) > MOST_CLASSES:
        title = f"the {MOST_CLASSES} worst of {len(known)} classes"
        known = sorted(known, key=lambda each: each[1])[:MOST_CLASSES]
    more = ["IoU"] if overlaps else []
    rows = [
        [words(name), bar(share), f"{share:.3f}", *(_written(overlaps[name]) for _ in more)] for name, share in known
    ]
    absent = [name for name, share in shares.items() if share is None]
    note = f'<p class="quiet">no samples of {words(", ".join(absent[:MOST_CLASSES]))}</p>' if absent else ""
    return f"<div>{html_table([title, 'accuracy', '', *more], rows, [title, 'accuracy'])}{note}</div>"


def _written(share: float | None) -> str:
    return "" if share is None else f"{share:.3f}"


def bar(share: float) -> str:
    return f'<span class="bar"><i style="width: {share * 100:.1f}%"></i></span>'


def _seen_at(facts: Facts) -> str:
    seen = facts.record.seen
    when = "the run's result" if seen.get("step") is None else f"after step {seen['step']}"
    return f"{TITLES.get(seen.get('part'), 'data')}, {when}"


def label_section(facts: Facts) -> Iterator[str]:
    """What of each label is right, of those that were said and of those that are there."""
    if found := facts.record.seen.get("by_label"):
        worst = sorted(found.items(), key=lambda each: each[1]["accuracy"])[:MOST_CLASSES]
        chosen = found.items() if len(found) <= MOST_CLASSES else worst
        title = "label" if len(found) <= MOST_CLASSES else f"the {MOST_CLASSES} worst of {len(found)} labels"
        rows = [
            [words(name), bar(each["accuracy"]), f"{each['accuracy']:.3f}", *map(_written, (each["precision"],
             each["recall"])), str(each["samples"])] for name, each in chosen
        ]  # fmt: skip
        titles = [title, "accuracy", "", "precision", "recall", "samples"]
        yield from section("Labels", [html_table(titles, rows, [title, "accuracy"])], _seen_at(facts))


def prediction_section(facts: Facts) -> Iterator[str]:
    figure = scatter_figure(facts.record.seen.get("scatter", ()))
    if figure:
        yield from section("Predictions", [svg(figure, alone=False)], _seen_at(facts))


def mistake_section(facts: Facts) -> Iterator[str]:
    samples = facts.record.seen.get("samples")
    if samples:
        are_mistakes = facts.record.seen.get("classes") or facts.record.seen.get("by_label")
        title = "Worst mistakes" if are_mistakes else "Largest errors"
        yield from section(title, mistakes(samples, facts.record.seen.get("classes", ())), _seen_at(facts))


def made_section(facts: Facts) -> Iterator[str]:
    body = list(made(facts.record.seen))
    if body:
        yield from section("Pictures made", body)


def kernel_section(facts: Facts) -> Iterator[str]:
    if found := facts.record.seen.get("kernels"):
        yield from section("First-layer kernels", kernels(found))


def feature_section(facts: Facts) -> Iterator[str]:
    if found := facts.record.seen.get("features"):
        given = [image(each[0]) for each in facts.record.seen.get("given", ())]
        yield from section("Feature maps of one sample", features(found, given))


def distribution_section(facts: Facts) -> Iterator[str]:
    """Weights, and the gradients of the step before, over time."""
    found: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for event in [*facts.record.distributions, *facts.histograms]:
        for name, value in event.items():
            if isinstance(value, Mapping) and "counts" in value:
                found.setdefault(name, []).append((event["step"], value))
    pairs = [[_ridges(found, name, "1"), _ridges(found, f"{name}.grad", "2")]
             for name in found if not name.endswith(".grad")]  # fmt: skip
    figures = [figure for pair in pairs for figure in pair if figure]
    if figures:
        yield from section("Weights and gradients", figures_of(figures), "their distributions over the steps")


def _ridges(found: Mapping[str, list], name: str, colour: str) -> Any:
    title = f"gradient of {name.removesuffix('.grad')}" if name.endswith(".grad") else name
    return ridges_figure(title, sorted(found.get(name, ()), key=lambda each: each[0]), colour)


def spec_section(facts: Facts) -> Iterator[str]:
    yield from section("Spec", spec(facts))
    yield from section("What it resolved to", resolved(facts))


def version_section(facts: Facts) -> Iterator[str]:
    if found := versions(facts):
        yield from section("Versions", [table(["package", "version"], found, ["package", "version"])])


def figures_of(figures: Iterable[Any]) -> list[str]:
    return ['<div class="figures">', *(svg(figure, alone=False) for figure in figures), "</div>"]


def section(title: str, body: Iterable[str], note: str = "") -> Iterator[str]:
    yield f"<section><h2>{words(title)}</h2>"
    if note:
        yield f'<p class="quiet">{words(note)}</p>'
    yield from body
    yield "</section>"


SECTIONS: Sequence[Callable[[Facts], Iterator[str]]] = (
    result, curve_section, class_section, label_section, prediction_section, mistake_section, made_section,
    kernel_section, feature_section, distribution_section, spec_section, version_section,
)  # fmt: skip
