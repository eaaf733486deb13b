"""A spec in Python: its model, optimizer, schedule, loss, data and pictures.

    spec = tnet.load("specs/digits.tnet", width=16, overrides={"train.epochs": 5})
    model = spec.model()

Each stage runs when it is first asked for, and once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .diagnostics import Diagnostic, SpecError, did_you_mean, error
from .source import Source
from .trust import Permissions

if TYPE_CHECKING:
    from torch import nn, optim

    from .codegen.gradcheck import GradientCheck
    from .compiler import Compilation
    from .data.loaders import Loaders
    from .data.recipe import DataRecipe
    from .ir.graph import Net
    from .ir.program import Override, Program
    from .parameters.selected import Selected
    from .parameters.table import RuleTable
    from .render.graph import Graph
    from .render.plan import Plan
    from .render.rate_search import RateSearch
    from .render.summary import Summary
    from .render.why import Why
    from .training import Run
    from .training.losses import Loss
    from .training.recipe import Recipe
    from .training.schedules import Scheduler


class Spec:
    """A compiled spec. `net_name` and `recipe_name` choose other ones than the main net and the unnamed recipe.

    `allow` names the Python code that it may `use`; `read_from` is where its text is, if that is not where it says.
    """

    def __init__(
        self,
        source: Source,
        hypers: Mapping[str, Any] | None = None,
        overrides: Sequence[Override] = (),
        net_name: str | None = None,
        recipe_name: str | None = None,
        allow: Sequence[str] = (),
        read_from: Path | None = None,
    ):
        self.permissions = Permissions(tuple(allow), read_from)
        self.source_file = source
        self.hypers = dict(hypers or {})
        self.overrides = tuple(overrides)
        self.net_name = net_name
        self.recipe_name = recipe_name
        self._sources: dict[str, str] = {}
        self._classes: dict[str, type] = {}

    @property
    def name(self) -> str:
        """What folders for this spec are called: the file's name without its ending."""
        path = self.source_file.path
        return path.stem if path else self.source_file.name.strip("<>")

    @property
    def source_text(self) -> str:
        """The text of the spec, as given."""
        return self.source_file.text

    # ---- stages --------------------------------------------------------------------------------------------------

    @cached_property
    def compilation(self) -> Compilation:
        from .compiler import compile_spec

        chosen = self.net_name, self.permissions, self.recipe_name
        return compile_spec(self.source_file, self.hypers, self.overrides, *chosen)

    def over(self, **changes: Any) -> Spec:
        """This spec with other `hypers`, `overrides`, `net_name` or `recipe_name`, to be compiled anew."""
        names = ("hypers", "overrides", "net_name", "recipe_name")
        own = {name: getattr(self, name) for name in names}
        allowed = self.permissions
        return type(self)(self.source_file, **own | changes, allow=allowed.allowed, read_from=allowed.read_from)

    def checked(self, training: bool = False) -> Spec:
        """This spec, compiled without an error. Raises SpecError.

        What of `train` and `data` is not done yet does not stand in the way of the model, only of `training`.
        """
        if not (self.compilation.ok if training else self.compilation.model_ok):
            raise SpecError(self.check())
        return self

    def check(self) -> list[Diagnostic]:
        """Everything that is wrong with the spec and every lint, sorted by place."""
        return list(self.compilation.diagnostics)

    def check_data(self) -> list[Diagnostic]:
        """What is wrong with the data: every sample is read once, and tried with the net and the loss of the recipe.

        Nothing is downloaded. Raises SpecError where the spec itself is wrong.
        """
        from .training.data_check import check_data

        return check_data(self.checked(training=True))

    def gradcheck(self) -> list[GradientCheck]:
        """A test of each `autograd` function against finite differences, at the shapes at which the nets use it.

        Raises SpecError where a net cannot be built.
        """
        from .codegen.gradcheck import check_gradients

        return [check for net in self.checked().program.nets.values() for check in check_gradients(net)]

    @property
    def program(self) -> Program:
        """Everything the spec says, elaborated. Raises SpecError where it cannot be parsed."""
        return self.compilation.program or self.checked().program

    @property
    def net(self) -> Net:
        """The IR of the chosen or main net. Raises SpecError where there is none."""
        return self._net(None)

    @property
    def table(self) -> RuleTable:
        """The parameters of the net with what the rules say of each."""
        return self._table(self.net)

    @property
    def recipe(self) -> Recipe:
        """The `train` section, every setting checked. Raises SpecError where there is none."""
        names = list(self.checked().program.recipes)
        if not names:
            raise error("TN0802", "the spec has no `train` section", help="add `train { … }`")
        if self.recipe_name not in names:
            listed = ", ".join(f"`{name}`" for name in names)
            message = f"every recipe of the spec has a name ({listed}), and none is chosen"
            raise error("TN0802", message, help=f"on the command line: `--recipe {names[0]}`")
        return self.checked(training=True).compilation.recipe(self.recipe_name)

    @property
    def data_recipe(self) -> DataRecipe:
        """The `data` section, every setting checked and no data read."""
        return self.checked(training=True).compilation.data_recipe(self.recipe_name)

    def _net(self, name: str | None) -> Net:
        name = name or self.net_name
        nets = self.program.nets
        if (name or self.program.main) in nets:
            return self.program.net(name)
        listed = ", ".join(f"`{each}`" for each in nets) or "none"
        if name:
            help = did_you_mean(name, nets) or f"the nets of this spec are {listed}"
            raise error("TN0201", f"no net is called `{name}`", help=help)
        raise error(
            "TN0502", "no main net", help=f"choose one of {listed}" if nets else "declare one: `net Name(…) { … }`"
        )

    def _table(self, net: Net) -> RuleTable:
        return self.compilation.table(net.name, self.recipe_name)

    # ---- the model and its training ------------------------------------------------------------------------------

    def source(self, name: str | None = None) -> str:
        """The generated PyTorch source of a net: self-contained, it imports torch and never tnet."""
        from .codegen import generate

        net = self._net(name)
        if net.name not in self._sources:
            self._sources[net.name] = generate(net)
        return self._sources[net.name]

    def model_class(self, name: str | None = None) -> type[nn.Module]:
        """The class of a net, made from the generated source; its constructor gives layers' own initial values."""
        from .codegen import load as load_class

        net = self._net(name)
        if net.name not in self._classes:
            filename = f"<{self.source_file.name}: {net.name}>"
            self._classes[net.name] = load_class(self.source(net.name), net.name, filename)
        return self._classes[net.name]

    def model(self, name: str | None = None) -> nn.Module:
        """A new module of a net, initialised by the rules with the recipe's seed (0 where there is none)."""
        from .parameters import build

        net = self._net(name)
        with self._default_dtype():
            return build(self.model_class(net.name), net, self._table(net), self._seed)

    def optimizer(self, model: nn.Module) -> optim.Optimizer:
        """The torch optimizer of the recipe over a model of the net, with a group for each set of options."""
        from .parameters import groups
        from .training.loss_modules import require_attached
        from .training.optimizers import build

        require_attached(model, self.recipe.losses)
        return build(model, groups(self.table))

    def scheduler(self, optimizer: optim.Optimizer, steps_per_epoch: int) -> Scheduler:
        """The schedule of the recipe over an optimizer; call its `step()` after each of the optimizer's, and
        `evaluated({"val.loss": …})` after an evaluation, where it watches one."""
        from .parameters import groups
        from .training.metrics import more_is_better

        recipe = self.recipe
        others = {group.name: group.schedule for group in groups(self.table) if group.schedule}
        watched = {result for choice in (recipe.schedule, *others.values()) for result in choice.monitors}
        maximized = frozenset(name for name in watched if more_is_better(recipe.metrics, name))
        total_steps = recipe.total_steps(steps_per_epoch)
        schedule = recipe.schedule.build(optimizer, steps_per_epoch, total_steps, others, maximized)
        if recipe.swa is None or recipe.swa.lr is None:
            return schedule
        from .training.swa import SwaRates

        return SwaRates(schedule, recipe.swa.first(total_steps), recipe.swa.lr)

    def loss(self, device: str = "cpu") -> Loss:
        """The loss of the recipe: a callable of the net's outputs and a batch, which maps field names to tensors. Of
        several it gives a tuple. One with parameters of its own is trained as a part of the model: set `model.loss =
        spec.loss()` before the optimizer is made."""
        from .training.loss_modules import initialised

        with self._default_dtype():
            return initialised(self.recipe.losses, self.table, self._seed, device)

    def data(self) -> Loaders:
        """The data: `.train`, `.val` and `.test` are like a `DataLoader`; batches map field names to tensors.

        A batch has the samples of a step of the recipe, or one where the spec has no `train`.
        """
        batch = self.recipe.batch if self.recipe_name in self.program.recipes else 1
        return self.data_recipe.load(self._seed, batch)

    def train(
        self, out: str | os.PathLike | None = None, data: Any = None, recipe: str | None = None, **options: Any
    ) -> Run:
        """Train as the recipe says, in the folder `out` (`runs/<spec>/<time>/` if none is given).

        `data` stands in for the data section: arrays or tensors in memory, such as `(x, y)`. `recipe` names another
        recipe than the spec's; settings given from outside are then that one's. `options` are those of
        `tnet.training.train`: `resume`, `accept_changes`.
        """
        from .render.report.live import Live
        from .training import train

        spec = self if recipe is None else self.over(recipe_name=recipe)
        return train(spec.checked(training=True), out=out, data=data, observers=[Live], **options)

    @property
    def _seed(self) -> int:
        section = self.program.recipes.get(self.recipe_name)
        return section.settings["seed"].value if section and "seed" in section.settings else 0

    def _default_dtype(self) -> AbstractContextManager[None]:
        """What the recipe says that `float` is; the process's own where it says nothing."""
        from .training.dtypes import default_dtype

        return default_dtype(recipe.dtype if (recipe := self.compilation.recipes.get(self.recipe_name)) else None)

    # ---- to look at ----------------------------------------------------------------------------------------------

    def summary(self, name: str | None = None) -> Summary:
        """Layers with output shapes, parameters, multiply-adds and the rules in force; `print` it."""
        from .render.summary import summary

        net = self._net(name)
        return summary(net, self.source(net.name), self._table(net))

    def summary_so_far(self) -> Summary | None:
        """The summary of a wrong net up to the step that is wrong; None where that is not in a net."""
        from .render.summary import summary

        program = self.program
        net = program.unfinished.get(self.net_name or program.main or next(iter(program.unfinished), ""))
        faults = (each.span for each in self.check() if each.is_error and each.span)
        return summary(net, until=next(faults, net.span)) if net else None

    def graph(
        self, engine: str = "pure", depth: int | None = None, fold: bool = False, backward: bool = False
    ) -> Graph:
        """The picture of the net: `.dot`, `.svg()`, `.png()`, and `.html()`, a page to move about in.

        `engine` is "pure" or "dot", the system's Graphviz; blocks that lie in `depth` others are drawn as one box; with
        `fold`, equal blocks that follow one another are drawn once; with `backward` it is the autograd graph, from the
        gradients of the outputs to those of the parameters. Raises SpecError where a net cannot run without values.
        """
        from .render.backward import backward as autograd_graph
        from .render.graph import Graph

        source = self.source()
        given = autograd_graph(self.net, source, self.table) if backward else None
        return Graph(self.net, engine, depth, self.table, source, given, fold)

    def plan(self) -> Plan:
        """What training would do: steps, parameter groups, learning rates, memory and operations.

        `print` it; `.svg()`, `.png()` and `.html()` are its picture.
        """
        from .render.plan import plan

        with self._default_dtype():
            return plan(self.name, self.recipe, self.table, self.data_recipe, self.model_class())

    def find_lr(self, data: Any = None, **range: Any) -> RateSearch:
        """A short trial of growing learning rates from the initial weights; `print` it, `.suggested` is a rate.

        `data` is as in `train`; `range` may set `lowest`, `highest` and `steps`. Raises SpecError as `train` does.
        """
        from .render.rate_search import RateSearch
        from .training.rate_search import find_rate

        return RateSearch.of(find_rate(self.checked(training=True), data, **range))

    def why(self, name: str) -> Why:
        """Where each property of parameters comes from; `print` it. `name` is a parameter's, or a selector as in rules.

        Raises SpecError for a name that means nothing, with the nearest one.
        """
        from .parameters.why import why
        from .render.why import Why

        section = self.program.recipes.get(self.recipe_name)
        setting = section.settings.get("schedule") if section and self.net.name == self.program.main else None
        found = why(self.table, name, setting and setting.value, setting and setting.value_span)
        return Why(found, self.source_file)

    def select(self, model: nn.Module, selector: str) -> Selected:
        """The modules and parameters that a selector of parameter rules matches in a model: `Conv2d`, `head.weight`,
        `:bias`, `layer? :norm`; several stand with commas. Raises SpecError for one that matches nothing.
        """
        from .parameters.selected import select

        return select(self.table.matcher, model, selector)
