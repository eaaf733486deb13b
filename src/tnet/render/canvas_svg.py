"""A canvas as SVG, light or dark as the reader's screen is."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from ..diagnostics.render.escape import escape as visible
from .canvas import DARK, LIGHT, SIZE, Area, Box, Canvas, Line, Picture, PlotArea, Shape, Text

FONTS = "ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"


def svg(canvas: Canvas, alone: bool = True) -> str:
    """The picture as a document of its own, which loads nothing; or, not `alone`, for a page that has `styles`, with
    what `readings.js` needs to show values at the pointer."""
    title = escape(visible(canvas.title))
    labelled = "" if alone else f' aria-label="{title}"'  # where a <title> would come up beside the values
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {canvas.width:g} {canvas.height:g}" '
        f'width="{canvas.width:g}" height="{canvas.height:g}" role="img"{labelled} font-family="{FONTS}" '
        f'font-size="{SIZE}">',
        *([f"<title>{title}</title>", f"<style>{styles()}</style>"] if alone else []),
        f'<rect class="paper" width="{canvas.width:g}" height="{canvas.height:g}"/>',
        *(_shape(shape, alone) for shape in canvas.shapes),
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


def _shape(shape: Shape, alone: bool) -> str:
    match shape:
        case Line():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
            dash = f' stroke-dasharray="{" ".join(map(str, shape.dash))}"' if shape.dash else ""
            look = f'fill="none" stroke-width="{shape.width:g}" stroke-linejoin="round"{dash}'
            read = "" if alone or not shape.values else _values(shape)
            return f'<polyline class="line-{shape.colour}" points="{points}" {look}{read}/>'
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
        case PlotArea():
            place = f'x="{shape.left:.1f}" y="{shape.top:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
            return "" if alone else f'<rect class="plot-area" fill="none" {place} data-label="{escape(shape.label)}"/>'


def _values(line: Line) -> str:
    """What the points of a curve stand for, in their order."""
    values = " ".join(f"{place:.6g},{value:.5g}" for place, value in line.values)
    return f' data-name="{escape(visible(line.name))}" data-values="{values}"'
