"""A canvas as SVG, light or dark as the reader's screen is."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from ..diagnostics.render.escape import escape as visible
from .canvas import DARK, LIGHT, SIZE, Area, Box, Canvas, Line, Picture, Shape, Text

FONTS = "ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"


def svg(canvas: Canvas, alone: bool = True) -> str:
    """The picture as a document of its own, which loads nothing; or, not `alone`, for a page that has `styles`."""
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {canvas.width:g} {canvas.height:g}" '
        f'width="{canvas.width:g}" height="{canvas.height:g}" role="img" font-family="{FONTS}" font-size="{SIZE}">',
        f"<title>{escape(visible(canvas.title))}</title>",
        *([f"<style>{styles()}</style>"] if alone else []),
        f'<rect class="paper" width="{canvas.width:g}" height="{canvas.height:g}"/>',
        *map(_shape, canvas.shapes),
        "</svg>\n",
    ])  # fmt: skip


def styles() -> str:
    """The colours of the roles: as fills `.paper`, as strokes `.line-ink`."""
    return f"{_rules(LIGHT)} @media (prefers-color-scheme: dark) {{ {_rules(DARK)} }}"


def _rules(palette: dict[str, str]) -> str:
    return " ".join(
        f".{_name(role)} {{ fill: {colour} }} .line-{role} {{ stroke: {colour} }}" for role, colour in palette.items()
    )


def _name(role: str) -> str:
    """A class may not begin with a digit."""
    return f"series-{role}" if role.isdigit() else role


def _shape(shape: Shape) -> str:
    match shape:
        case Line():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
            dash = f' stroke-dasharray="{" ".join(map(str, shape.dash))}"' if shape.dash else ""
            look = f'fill="none" stroke-width="{shape.width:g}" stroke-linejoin="round"{dash}'
            return f'<polyline class="line-{shape.colour}" points="{points}" {look}/>'
        case Box():
            place = f'x="{shape.left:.1f}" y="{shape.top:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
            return f'<rect class="{_name(shape.colour)}" {place}/>'
        case Area():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
            return f'<polygon class="{_name(shape.colour)}" points="{points}"/>'
        case Picture():
            place = f'x="{shape.left:.1f}" y="{shape.top:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
            data = f'href="data:image/png;base64,{b64encode(shape.png).decode()}"'
            return f'<image {place} preserveAspectRatio="none" style="image-rendering: pixelated" {data}/>'
        case Text():
            bold = ' font-weight="600"' if shape.bold else ""
            place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" text-anchor="{shape.anchor}"{bold}'
            return f'<text class="{_name(shape.colour)}" {place}>{escape(visible(shape.text))}</text>'
