"""One case: what a text must go through without an exception."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tnet.diagnostics.render import RENDERERS
from tnet.format import format_source
from tnet.source import Source
from tnet.spec import Spec

from .generate import generated, in_a_net
from .mutate import TOKEN, damaged

ROOT = Path(__file__).parents[2]
GALLERY = [*sorted((ROOT / "specs").glob("*.tnet")), *sorted((ROOT / "tests/gallery/wild").glob("*.tnet"))]


def texts(seed: int, count: int) -> Iterator[str]:
    """`count` texts: half are damaged specs, short ones more often, the others made from the grammar."""
    specs = [path.read_text(encoding="utf-8") for path in GALLERY]
    weights = [1 / len(text) ** 2 for text in specs]
    vocabulary = sorted({token for text in specs for token in TOKEN.findall(text)})
    for number in range(count):
        random = Random(f"{seed} {number}")
        match random.randrange(8):
            case 0 | 1:
                yield generated(random)
            case 2 | 3:
                yield in_a_net(random)
            case _:
                yield damaged(random, random.choices(specs, weights)[0], vocabulary)


def failure(text: str) -> str | None:
    """What went wrong in checking, formatting, printing and rendering a text; None for diagnostics alone."""
    try:
        spec = Spec(Source("case", text))
        diagnostics = spec.check()
        for render in RENDERERS.values():
            render(diagnostics)
        if not spec.compilation.tree.diagnostics:
            format_source(spec.source_file)
        if spec.compilation.model_ok:
            for name in spec.program.nets:
                compile(spec.source(name), "model", "exec")
    except Exception:
        return traceback.format_exc()
    internal = [each.message for each in diagnostics if each.code == "TN0002" or "internal error" in each.message]
    return internal[0] if internal else None
