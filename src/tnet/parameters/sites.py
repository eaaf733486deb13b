"""The modules and parameters of a net as sets that selectors can be combined over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..ir import sites
from ..ir.graph import Net
from ..ir.sites import ModuleSite, ParameterSite


@dataclass(frozen=True, slots=True)
class Selection:
    """A set of modules and one of parameters, as bits by their numbers in a `NetSites`."""

    modules: int = 0
    parameters: int = 0

    def __and__(self, other: Selection) -> Selection:
        return Selection(self.modules & other.modules, self.parameters & other.parameters)

    def __or__(self, other: Selection) -> Selection:
        return Selection(self.modules | other.modules, self.parameters | other.parameters)

    def __bool__(self) -> bool:
        return bool(self.modules or self.parameters)


class NetSites:
    """A net's modules and parameters, in the orders of `named_modules` and `named_parameters`; a tensor with several
    names is there under each.

    What is under a module is a run of numbers in both orders, since both walk the tree depth first.
    """

    def __init__(self, net: Net):
        self.modules: dict[str, ModuleSite] = {each.path: each for each in sites.modules(net.root)}
        self.parameters: dict[str, ParameterSite] = {
            each.name: each for each in sites.parameters(net.root, all_names=True)
        }
        self._module_runs = _runs(self.modules, itself=True)
        self._parameter_runs = _runs(self.parameters, itself=False)
        self._number = {name: number for number, name in enumerate(self.parameters)}

    def under(self, path: str) -> Selection:
        """The module at `path` with all that is in it."""
        return Selection(_bits(self._module_runs.get(path)), _bits(self._parameter_runs.get(path)))

    def parameter(self, name: str) -> Selection:
        number = self._number[name]
        return Selection(0, _bits((number, number + 1)))

    def parameters_where(self, holds: Iterable[bool]) -> Selection:
        """The parameters for which `holds`, given in their order, is true."""
        return Selection(0, sum(1 << number for number, each in enumerate(holds) if each))

    def at(self, pattern: str, within: str = "") -> Selection:
        """What a path or glob means: parameters of that name, and modules of that path with all in them.

        `within` is the path of a module that the pattern is relative to.
        """
        if not is_glob(pattern):
            return self._at_path(sites.join(within, pattern))
        matches = re.compile(f"^{re.escape(f'{within}.' if within else '')}{glob_to_regex(pattern)}$", re.MULTILINE)
        found = Selection(0, 0)
        modules, parameters = self._lines if not within else self._lines_in(within)
        for path in matches.findall(modules):
            found |= self.under(path)
        for name in matches.findall(parameters) if parameters else ():
            found |= self.parameter(name)
        return found

    @cached_property
    def _lines(self) -> tuple[str, str]:
        return self._lines_in("")

    def _lines_in(self, path: str) -> tuple[str, str]:
        """The paths of modules and the names of parameters in a module, a line each, to be searched in one go."""
        return "\n".join(self.modules_in(path)), "\n".join(self.parameters_in(path))

    def _at_path(self, path: str) -> Selection:
        return (
            self.under(path)
            if path in self.modules
            else self.parameter(path)
            if path in self.parameters
            else Selection()
        )

    def modules_in(self, path: str) -> list[str]:
        start, end = self._module_runs[path]
        return self._module_paths[start:end]

    def parameters_in(self, path: str) -> list[str]:
        start, end = self.parameter_run(path)
        return self._parameter_names[start:end]

    def parameter_run(self, path: str) -> tuple[int, int]:
        """The number of the first parameter in a module and the one after the last; (0, 0) where there is none."""
        return self._parameter_runs.get(path, (0, 0))

    @cached_property
    def _module_paths(self) -> list[str]:
        return list(self.modules)

    @cached_property
    def _parameter_names(self) -> list[str]:
        return list(self.parameters)

    def parameter_names(self, selection: Selection) -> Iterator[str]:
        """The selected parameters, in order."""
        return _chosen(self._parameter_names, selection.parameters)

    def module_paths(self, selection: Selection) -> list[str]:
        """The selected modules, in order."""
        return list(_chosen(self._module_paths, selection.modules))

    def outermost_modules(self, selection: Selection) -> list[str]:
        """The selected modules that are in no other selected module, in order."""
        return outermost(self.module_paths(selection))


def outermost(paths: Iterable[str]) -> list[str]:
    """Those paths of modules that are in no other of them, in the order given."""
    chosen = dict.fromkeys(paths)
    return [path for path in chosen if chosen.keys().isdisjoint(_above(path))]


def is_glob(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def glob_to_regex(pattern: str) -> str:
    """`*` is any text, dots included; `?` one character that is no dot."""
    pattern = re.sub(r"\*+", "*", pattern)
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", r"[^.\n]")


def _above(name: str) -> Iterator[str]:
    """The paths of all modules above a name, the net's own ("") last."""
    while name:
        name = name.rpartition(".")[0]
        yield name


def _runs(names: Mapping[str, object], itself: bool) -> dict[str, tuple[int, int]]:
    """For each module path, the first number under it and the one after the last."""
    runs: dict[str, tuple[int, int]] = {}
    for number, name in enumerate(names):
        for path in (name, *_above(name)) if itself else _above(name):
            runs[path] = (runs.get(path, (number,))[0], number + 1)
    return runs


def _bits(run: tuple[int, int] | None) -> int:
    return ((1 << (run[1] - run[0])) - 1) << run[0] if run else 0


def _chosen(names: list[str], bits: int) -> Iterator[str]:
    return (name for name, bit in zip(names, reversed(f"{bits:b}"), strict=False) if bit == "1")
