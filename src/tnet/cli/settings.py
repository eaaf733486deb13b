"""Hyper-parameters and settings from the command line and from YAML, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..diagnostics import Note, SpecError, error
from ..source import Source, Span
from .arguments import UsageError

if TYPE_CHECKING:  # the IR is slow to import, and not needed without overrides
    from ..ir.program import Override

KINDS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str")}
"""The kinds of a YAML scalar that tnet has too."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")


def overrides(settings: list[str], params: list[str]) -> list[Override]:
    """What the files set, in their order, then what the command line sets. Raises UsageError and SpecError."""
    from_files = [override for name in params for override in from_yaml(Path(name))]
    return from_files + [from_argument(text) for text in settings]


def from_argument(text: str) -> Override:
    """The override of one `name=value`."""
    from ..ir.program import Override

    name, equals, value = text.partition("=")
    if not equals or not NAME.fullmatch(name):
        raise UsageError(f"expected `name=value`, found `{text}`")
    if not value.strip():
        raise UsageError(f"`{name}=` has no value")
    source = Source("<command line>", text)
    return Override(name, span=source.span(len(name) + 1, len(text)), name_span=source.span(0, len(name)))


def from_yaml(path: Path) -> list[Override]:
    """Overrides of a YAML file: a map from names to values, where a map below `train` or `data` is dotted names.

    A text is a tnet value (YAML reads `1e-3` as text); other values keep their YAML meaning.
    """
    import yaml

    from ..syntax import read

    source = read(path)
    try:
        node = yaml.compose(source.text, Loader=yaml.SafeLoader)
        if node is None:
            return []
        refuse_what_is_lost(source, node, set())
        values = yaml.safe_load(source.text)
    except (yaml.YAMLError, RecursionError) as problem:
        raise malformed(source, problem) from problem
    except ValueError as problem:  # Python makes no integers of so many digits
        raise error("TN0901", f"`{path}` holds a number that is too long: {problem}") from problem
    if values is None:
        return []
    if not isinstance(values, dict):
        raise error("TN0301", "expected a map from names to values", source.span(0, len(source.text.rstrip())))
    return list(entries(source, values, node, ""))


def malformed(source: Source, problem: Any) -> SpecError:
    """The diagnostic of a YAML error, at the place that the YAML library names."""
    mark = getattr(problem, "problem_mark", None)
    span = source.span(mark.index, mark.index + 1) if mark else None
    return error("TN0301", f"not YAML: {getattr(problem, 'problem', None) or problem}", span)


def refuse_what_is_lost(source: Source, node: Any, met: set[int]) -> None:
    """Refuse a name given twice, of which YAML keeps the last alone, a value that tnet has no kind for, and an alias,
    by which a short file can hold an endless value.
    """

    def span(part: Any) -> Span:
        return source.span(part.start_mark.index, part.end_mark.index)

    if id(node) in met:
        raise error("TN0301", "a value that an alias of YAML repeats", span(node), help="write the value at each place")
    met.add(id(node))
    if node.id == "scalar" and node.tag not in KINDS:
        kind = node.tag.rpartition(":")[2]
        raise error(
            "TN0303", f"`{node.value}` is a {kind} in YAML, which is no value of tnet", span(node),
            help=f"for a text, quote it twice: `'\"{node.value}\"'`",
        )  # fmt: skip
    first: dict[str, Any] = {}
    for child in node.value if node.id != "scalar" else ():
        key, value = child if node.id == "mapping" else (None, child)
        if key is not None and key.value in first:
            note = Note("the first is here", span(first[key.value]))
            raise error("TN0202", f"`{key.value}` is given twice", span(key), note)
        if key is not None:
            first[str(key.value)] = key
        refuse_what_is_lost(source, value, met)


def entries(source: Source, values: dict, node: Any, prefix: str) -> Iterator[Override]:
    """The overrides of a map and of the maps of sections in it; `node` is the map's node, for the places."""
    from ..ir.program import Override

    places = {key.value: (key, value) for key, value in node.value}
    for name, value in values.items():
        key_node, value_node = places.get(str(name), (node, node))
        path = f"{prefix}{name}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            span = source.span(key_node.start_mark.index, key_node.end_mark.index)
            raise error("TN0301", f"`{name}` is no name of a hyper-parameter or setting", span)
        if isinstance(value, dict) and path.split(".")[0] in ("train", "data"):
            yield from entries(source, value, value_node, f"{path}.")
            continue
        quoted = getattr(value_node, "style", None) in ("'", '"')
        start = value_node.start_mark.index + quoted
        text = source.text[:start] + tnet_text(value)
        name_span = source.span(key_node.start_mark.index, key_node.end_mark.index)
        yield Override(path, None, Source(source.name, text, source.path).span(start, len(text)), name_span)


def tnet_text(value: Any) -> str:
    """A value of YAML as tnet writes it; texts are tnet values already."""
    match value:
        case None | True | False:
            return {None: "none", True: "true", False: "false"}[value]
        case list():
            return f"[{', '.join(map(tnet_text, value))}]"
        case dict():
            return f"{{{', '.join(f'{tnet_text(key)}: {tnet_text(each)}' for key, each in value.items())}}}"
    return str(value)
