"""What a generated file imports, and what it calls each imported thing."""

from __future__ import annotations

import builtins

ALIASES = {
    "torch.nn.functional": ("import torch.nn.functional as {}", "F"),
    "torch.nn": ("from torch import nn", "nn"),
    "torch": ("import torch", "torch"),
    "torchvision": ("import torchvision", "torchvision"),
    "einops": ("import einops", "einops"),
}
"""Modules that are imported whole, by the usual names, longest first; from any other the name itself is imported."""

FROM_SUBMODULES = ("einops.layers.",)
"""Modules that their package does not import."""

STANDARD = ("collections", "functools")


class Imports:
    """Collects imports. `taken` are the names of the file's own classes, which no import may have."""

    def __init__(self, taken: set[str]):
        self.taken = taken
        self.lines: set[tuple[bool, bool, str]] = set()
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
                renamed = line if local == alias or "{}" in line else f"{line} as {local}"
                self._note(package, renamed.format(local))
                return local + path.removeprefix(package)
        local = self._free(name)
        self._note(module, f"from {module} import {name}" + (f" as {local}" if local != name else ""))
        return local

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        return name

    def _note(self, module: str, line: str) -> None:
        self.lines.add((module.partition(".")[0] not in STANDARD, line.startswith("from"), line))

    def text(self) -> str:
        """The import lines: the standard library's first, `import` before `from`, each in alphabetical order."""
        sections = [[line for other, _, line in sorted(self.lines) if other is third] for third in (False, True)]
        return "\n\n".join("\n".join(section) for section in sections if section)
