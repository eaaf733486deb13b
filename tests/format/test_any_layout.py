"""Whatever blanks, line breaks and comments are added to a spec, it is formatted, and the proof holds."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tnet.format import format_source
from tnet.source import Source
from tnet.syntax import parse, tokens

SPECS = [path.read_text() for path in sorted((Path(__file__).parents[2] / "specs").glob("*.tnet"))]
DECLARATIONS = [each.span.text for text in SPECS for each in parse(Source("spec", text)).declarations]
GAPS = st.sampled_from(
    [" ", "   ", "\n", "\n\n\n", "  # c\n", "# d\n", "\n# own\n", "\n\n  # own\n\n", ";", "\t", "\r\n"]
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_scattered(data):
    text = "\n".join(data.draw(st.lists(st.sampled_from(DECLARATIONS), min_size=1, max_size=2)))
    source = Source("spec", scattered(data, text))
    assume(not parse(source).diagnostics)
    result = format_source(source)
    assert format_source(Source("spec", result)) == result
    assert not any(line != line.rstrip() for line in result.splitlines())
    assert "\n\n\n" not in result and result.endswith("\n") and not result.startswith("\n")


def scattered(data: st.DataObject, text: str) -> str:
    """The text with gaps put before some of its tokens."""
    starts = [token.span.start for token in tokens(Source("spec", text), {})]
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(starts), GAPS), max_size=6))
    for start, gap in sorted(chosen, reverse=True):
        text = text[:start] + gap + text[start:]
    return text + data.draw(st.sampled_from(["", "\n", "\n# end", "  # end\n", "\n\n\n# a\n\n\n# b\n\n"]))
