"""The commands by name."""

from __future__ import annotations

COMMANDS = {
    "new": "a starting spec, from the gallery",
    "check": "every error and lint of a spec",
    "fmt": "the one canonical layout",
    "explain": "what a diagnostic means, with a wrong and a right example",
    "build": "the model's source, graph and summary as files",
    "summary": "layers, output shapes, parameters, multiply-adds",
    "view": "the live page of a spec: save the file, and the picture follows",
    "plan": "what training would do: steps, parameter groups, learning rates",
    "data": "sizes, classes, ranges and statistics of the data; a contact sheet; samples as PNG files",
    "why": "where each property of a parameter comes from",
    "diff": "what changed between two specs or runs",
    "train": "trains",
    "eval": "a trained run on its test data",
    "predict": "a trained run on new inputs",
    "report": "a run's page, or several runs compared",
    "trust": "lets the specs in a folder use its Python code",
    "env": "versions, devices, compiler, optional parts",
}
"""Each command with its line of help; its module is `tnet.cli.<command>`."""
