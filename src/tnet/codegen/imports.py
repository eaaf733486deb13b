"""What a generated file imports, and what it calls each imported thing."""

from __future__ import annotations

import builtins

ALIASES = {
    "torch.nn.functional": ("import torch.nn.functional as F", "F"),
    "torch.nn": ("from torch import nn", "nn"),
    "torch": ("import torch", "torch"),
    "torchvision.models": ("from torchvision import models", "models"),
    "einops": ("import einops", "einops"),
}
"""Modules that are imported whole, by the usual names, longest first; from any other the name itself is imported."""

FROM_SUBMODULES = ("einops.layers.", "torchvision.models.feature_extraction.")
"""Modules that their package does not import."""

STANDARD = ("collections", "functools")


class Imports:
    """Collects imports. `taken` are the names of the file's own classes, which no import may have."""

    def __init__(self, taken: set[str]):
        self.taken = taken
        self.whole: set[str] = set()
        self.single: dict[str, set[str]] = {}
        self.names: dict[str, str] = {}

    def name(self, path: str) -> str:
        """What `path` is called in the file; its import is noted."""
        if path not in self.names:
            self.names[path] = self._import(path)
        return self.names[path]

    @property
    def bound(self) -> set[str]:
        """The names that the imports bind."""
        return {name.partition(".")[0] for name in self.names.values()}

    def _import(self, path: str) -> str:
        module, _, name = path.rpartition(".")
        if module == "builtins" and hasattr(builtins, name):
            return name
        for package, (line, alias) in ALIASES.items():
            if path == package or path.startswith(f"{package}.") and not path.startswith(FROM_SUBMODULES):
                local = self._free(alias)
                self.whole.add(line if local == alias else f"{line.partition(' as ')[0]} as {local}")
                return local + path.removeprefix(package)
        local = self._free(name)
        self.single.setdefault(module, set()).add(name if local == name else f"{name} as {local}")
        return local

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        return name

    def text(self) -> str:
        """The import lines: the standard library's first, `import` before `from`, each in alphabetical order."""
        lines = [
            *self.whole,
            *(f"from {module} import {', '.join(sorted(names))}" for module, names in self.single.items()),
        ]
        lines.sort(key=lambda line: (line.startswith("from"), line))
        sections = ([line for line in lines if _is_standard(line) is standard] for standard in (True, False))
        return "\n\n".join("\n".join(section) for section in sections if section)


def _is_standard(line: str) -> bool:
    return line.split()[1].partition(".")[0] in STANDARD
