"""What lints look at: the tree, the program, the tables of rules and the recipes of a spec without errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..diagnostics import Diagnostic
from ..ir.graph import Layer, Net
from ..ir.program import DataSection, Program, TrainSection
from ..ir.sites import modules
from ..source import Span
from ..syntax import ast, walk
from .flow import Flow, flow_of

if TYPE_CHECKING:
    from ..parameters import RuleTable
    from ..training.recipe import Recipe


@dataclass(frozen=True)
class Training:
    """A recipe of the main net with its sections; `table` has the rules under it."""

    recipe: Recipe
    section: TrainSection
    data: DataSection | None
    net: Net
    flow: Flow
    table: RuleTable


@dataclass
class Context:
    """`tables` are by net and recipe, `recipes` by name; `found` are the warnings so far, lints by code."""

    tree: ast.Tree
    program: Program
    tables: Mapping[tuple[str, str | None], RuleTable]
    recipes: Mapping[str | None, Recipe | None]
    found: list[Diagnostic] = field(default_factory=list)

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """The flow of each net, by name."""
        return {name: flow_of(net) for name, net in self.program.nets.items()}

    @cached_property
    def trainings(self) -> list[Training]:
        """The recipes that can be followed."""
        program = self.program
        found = [(name, recipe, program.main_of(name)) for name, recipe in self.recipes.items() if recipe is not None]
        return [
            Training(
                recipe, program.recipes[name], program.data_of(name), net, self.flows[net.name],
                self.tables[net.name, name],
            )
            for name, recipe, net in found if net is not None
        ]  # fmt: skip

    def layers(self) -> Iterator[Layer]:
        """Each layer that the spec writes, of every net."""
        for net in self.program.nets.values():
            for site in modules(net.root):
                if isinstance(site.node, Layer):
                    yield site.node

    @cached_property
    def calls(self) -> dict[tuple[int, int], ast.Apply | ast.Call]:
        """The steps and calls of the tree by their place."""
        found = (each for node in self.tree.declarations for each in walk(node))
        return {(each.span.start, each.span.end): each for each in found if isinstance(each, ast.Apply | ast.Call)}

    def call_at(self, span: Span | None) -> ast.Apply | ast.Call | None:
        """The step or call that a span of the spec is of."""
        return self.calls.get((span.start, span.end)) if span and span.source is self.tree.source else None
