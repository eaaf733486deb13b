"""Diagnostics as text, a renderer a file; each takes diagnostics and gives them sorted by place."""

from .concise import render_concise
from .full import render_full
from .github import render_github
from .json import render_json
from .sarif import render_sarif

RENDERERS = {
    "full": render_full,
    "concise": render_concise,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
}
COLOURED = ("full", "concise")
"""The formats for people, whose renderers take `color`."""

__all__ = ["COLOURED", "RENDERERS", "render_concise", "render_full", "render_github", "render_json", "render_sarif"]
