"""What the parts of a selector hold for: paths, globs, classes and blocks, categories."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from torch import nn

from ..catalog.layers import find_layer, layer_names
from ..diagnostics import Diagnostic, SpecError, did_you_mean, error, nearest
from ..ir.graph import Net
from ..ir.program import Selector, SelectorPart
from ..ir.sites import ParameterSite
from ..source import Span
from .sites import NetSites, Selection, is_glob

NORM_LAYERS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)

MODULE_CATEGORIES: dict[str, tuple[type, ...]] = {":norm": NORM_LAYERS, ":embedding": EMBEDDINGS}
PARAMETER_CATEGORIES: dict[str, Callable[[ParameterSite], bool]] = {
    ":bias": lambda site: bool(re.fullmatch(r"bias(_.*)?|.*_bias", site.name.rpartition(".")[2])),
    ":vector": lambda site: len(site.shape) <= 1,
    ":matrix": lambda site: len(site.shape) == 2,
}
CATEGORIES = (":norm", ":bias", ":embedding", ":vector", ":matrix")


@dataclass
class Matcher:
    """Matches selectors over one net.

    `blocks` are the names of all blocks and nets that the spec declares or imports, whether or not this net has them,
    `own` the classes of its own Python by name; `unmatched` has what known classes and categories in rules do not
    match, each with its place.
    """

    net: Net
    blocks: Collection[str] = ()
    own: Mapping[str, type] = field(default_factory=dict)
    unmatched: list[tuple[str, Span]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sites = NetSites(self.net)
        self._parts: dict[str, Selection] = {}

    def select(self, selector: Selector) -> Selection:
        """What all parts of a selector hold for. Raises SpecError for parts that mean nothing."""
        found: Selection | None = None
        wrong: list[Diagnostic] = []
        for part in selector.parts:
            try:
                held = self._part(part)
                found = held if found is None else found & held
            except SpecError as problem:
                wrong += problem.diagnostics
        if wrong:
            raise SpecError(wrong)
        return found or Selection()

    def select_for_rule(self, selector: Selector, of_modules: bool = False) -> Selection:
        """The same, where no parameters are worth a word: an error for a path, a lint for a class or category.

        `of_modules` says that modules without parameters count as well.
        """
        found = self.select(selector)
        held = [self._parts[part.text] for part in selector.parts]
        without = [
            part
            for part, each in zip(selector.parts, held, strict=True)
            if not each.parameters and not (of_modules and each.modules)
        ]
        for part in without:
            self.unmatched.append((self._without_parameters(part), part.span))
        if not found.parameters and not without and not (of_modules and found.modules):
            self.unmatched.append((f"no parameter meets all of `{selector}`", selector.span))
        return found

    def _without_parameters(self, part: SelectorPart) -> str:
        name, _, rest = part.text.partition(".")
        if part.text in CATEGORIES:
            return f"no parameter of this net is `{part.text}`"
        if not self._is_class(name):
            raise error("TN0601", f"`{part.text}` has no parameters", part.span)
        if not self._instances_of(name):
            return f"this net has no `{name}`"
        return f"no `{name}` of this net has " + (f"parameters at `{rest}`" if rest else "parameters")

    def _part(self, part: SelectorPart) -> Selection:
        if part.text not in self._parts:
            self._parts[part.text] = self._meaning(part)
        return self._parts[part.text]

    def _meaning(self, part: SelectorPart) -> Selection:
        if part.text.startswith(":"):
            return self._category(part)
        if part.text.endswith(":"):
            bare = part.text.rstrip(":")
            raise error("TN0601", f"`{part.text}` is no selector", part.span, help=f"write `{bare} {{ … }}`")
        name, _, rest = part.text.partition(".")
        by_path = self.sites.at(part.text)
        if not self._is_class(name):
            return self._path(part, by_path)
        if by_path:
            raise error(
                "TN0603", f"`{part.text}` is both a class and a path of this net", part.span,
                help=f"give the submodule `{name}` another label",
            )  # fmt: skip
        return self._class(part, name, rest)

    def _category(self, part: SelectorPart) -> Selection:
        if part.text not in CATEGORIES:
            raise error(
                "TN0601", f"there is no category `{part.text}`", part.span,
                help=did_you_mean(part.text, CATEGORIES) or f"the categories are {_listed(CATEGORIES)}",
            )  # fmt: skip
        if part.text in MODULE_CATEGORIES:
            return self._all_under(self._instances(MODULE_CATEGORIES[part.text]))
        holds = PARAMETER_CATEGORIES[part.text]
        return self.sites.parameters_where(map(holds, self.sites.parameters.values()))

    def _path(self, part: SelectorPart, found: Selection) -> Selection:
        if found:
            return found
        head, dot, _ = part.text.partition(".")
        if not is_glob(part.text) and head[:1].isupper() and head not in self._first_names:
            close = nearest(head, sorted(self._class_names()))
            help = f"did you mean `{close}{part.text[len(head) :]}`?" if close else None
            raise error("TN0601", f"no class, block or submodule is called `{head}`", part.span, help=help)
        names = sorted({*self.sites.modules, *self.sites.parameters, *self._class_names()} - {""})
        raise error("TN0601", f"`{part.text}` matches nothing in `{self.net.name}`", part.span,
                    help=did_you_mean(part.text, names) or self._shape_of_names())  # fmt: skip

    @cached_property
    def _first_names(self) -> set[str]:
        return {name.partition(".")[0] for name in (*self.sites.modules, *self.sites.parameters)}

    def _shape_of_names(self) -> str:
        return f"the net's own parts are {_listed(sorted(self._first_names - {''}))}; `*` crosses dots"

    def _is_class(self, name: str) -> bool:
        if name in self._block_names or name in self.own:
            return True
        return name[:1].isupper() and not is_glob(name) and find_layer(name) is not None

    @cached_property
    def _block_names(self) -> set[str]:
        return {*self.blocks, *(site.block for site in self.sites.modules.values() if site.block)}

    def _class_names(self) -> Iterator[str]:
        yield from self._block_names
        yield from self.own
        yield from layer_names()

    def _class(self, part: SelectorPart, name: str, rest: str) -> Selection:
        paths = self._instances_of(name)
        if not rest:
            found = self._all_under(paths)
        else:
            found = Selection()
            for path in paths:
                found |= self.sites.at(rest, within=path)
        if paths and not found and not self._has_slot(paths, rest):
            raise error("TN0601", f"no `{name}` of this net has `{rest}`", part.span,
                        help=did_you_mean(rest, sorted(self._names_within(paths))))  # fmt: skip
        return found

    def _instances_of(self, name: str) -> list[str]:
        if name in self._block_names:
            return [path for path, site in self.sites.modules.items() if site.block == name]
        return self._instances((self.own.get(name) or find_layer(name).cls,))

    def _instances(self, classes: tuple[type, ...]) -> list[str]:
        return [path for path, site in self.sites.modules.items() if site.cls and issubclass(site.cls, classes)]

    def _all_under(self, paths: list[str]) -> Selection:
        found = Selection()
        for path in paths:
            found |= self.sites.under(path)
        return found

    def _has_slot(self, paths: list[str], name: str) -> bool:
        """Whether these layers could have the parameter, as a `Conv2d` without bias could have `bias`."""
        modules = (getattr(node, "prototype", node) for node in (self.sites.modules[path].node for path in paths))
        return any(name in getattr(module, "_parameters", ()) for module in modules)

    def _names_within(self, paths: list[str]) -> set[str]:
        inside = ((path, name) for path in paths for name in
                  (*self.sites.modules_in(path), *self.sites.parameters_in(path)))  # fmt: skip
        return {name[len(path) :].lstrip(".") for path, name in inside} - {""}


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
