"""Diagnostics as text, a renderer a file; each takes diagnostics and gives them sorted by place."""

from .concise import render_concise
from .full import render_full
from .json import render_json

RENDERERS = {"full": render_full, "concise": render_concise, "json": render_json}

__all__ = ["RENDERERS", "render_concise", "render_full", "render_json"]
