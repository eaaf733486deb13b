"""What a text of a spec is told, shared by the tests of lints."""

from __future__ import annotations

from tnet.compiler import compile_spec
from tnet.diagnostics import Diagnostic
from tnet.source import Source

RECIPE = "train {{ epochs = 1; batch = 8; loss = {loss}; optimizer = {optimizer} }}"


def found(text: str, **hypers: object) -> list[Diagnostic]:
    """All diagnostics of a spec. One that is wrong is a fault of the test."""
    compilation = compile_spec(Source("spec.tnet", text), hypers)
    assert compilation.ok, compilation.diagnostics
    return compilation.diagnostics


def told(text: str, **hypers: object) -> list[str]:
    """The codes of the lints, each with the text that is marked."""
    return [f"{each.code} {each.span.text}" for each in found(text, **hypers)]


def net(body: str, given: str = "v: float[N, 8]") -> str:
    """A net of this body that gives its last value."""
    return f"net Small({given}) {{\n{body}\n}}\n"


def trained(
    body: str, loss: str, given: str = "v: float[N, 8]", data: str = "", optimizer: str = "Adam(lr=0.1)"
) -> str:
    """A spec with a recipe; `data` is a source."""
    section = f"data {{ train = {data}; split = [0.8, 0.2] }}\n" if data else ""
    return net(body, given) + section + RECIPE.format(loss=loss, optimizer=optimizer)
