"""The pipeline: text to tree to program to rule tables and recipes, with every diagnostic on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .diagnostics import Diagnostic, SpecError, did_you_mean, error
from .source import Source
from .syntax import ast, foreign_names, parse

if TYPE_CHECKING:  # a syntax error is told without waiting for the IR
    from .ir.program import Override, Program, TrainSection
    from .trust import Permissions

__all__ = ["Compilation", "compile_spec"]


@dataclass
class Compilation:
    """What became of a spec: always a tree; a program if it could be read; and what is wrong, sorted by place.

    `training_refusals` are those diagnostics that only say what of `data` and `train` is not done yet: they stand in
    the way of training, not of the model. `tables` holds the rules of each net under each recipe, by (net, recipe);
    `recipes`, `losses` and `data_recipes` hold what the sections say, checked, by the recipe's name (None for the
    unnamed one).
    `net` names the main net where the caller chose it, `recipe_name` the recipe; `permissions` are what it may use.
    """

    tree: ast.Tree
    net: str | None = None
    permissions: Permissions | None = None
    recipe_name: str | None = None
    program: Program | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    training_refusals: list[Diagnostic] = field(default_factory=list)
    tables: dict[tuple[str, str | None], Any] = field(default_factory=dict)
    data_recipes: dict[str | None, Any] = field(default_factory=dict)
    recipes: dict[str | None, Any] = field(default_factory=dict)
    losses: dict[str | None, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not any(each.is_error for each in self.diagnostics)

    @property
    def model_ok(self) -> bool:
        """Whether the model can be built: nothing is wrong but that its training asks for something not done yet."""
        return not any(each.is_error and each not in self.training_refusals for each in self.diagnostics)

    def table(self, net: str | None = None, recipe: str | None = None) -> Any:
        """The `parameters.RuleTable` of a net, the main one if none is named. Raises KeyError."""
        return self.tables[net or self.program.main, recipe if recipe in self.program.recipes else None]

    def recipe(self, name: str | None = None) -> Any:
        """The `training.recipe.Recipe` of that name. Raises KeyError."""
        return self.recipes[name]

    def data_recipe(self, name: str | None = None) -> Any:
        """The `data.recipe.DataRecipe` for a recipe: the data section of its name, or the unnamed one."""
        return self.data_recipes[name if name in self.data_recipes else None]


def compile_spec(
    source: Source,
    hypers: Mapping[str, Any] | None = None,
    overrides: Sequence[Override] = (),
    net: str | None = None,
    permissions: Permissions | None = None,
    recipe: str | None = None,
) -> Compilation:
    """Everything that can be known of a spec before it runs. Never raises for what is wrong with it.

    `hypers` are Python values for hyper-parameters; `overrides` are values for any name, with their places; `net` is
    the main net where it is another than the spec says; `permissions` say which Python code it may use; `recipe` is
    the one that settings among the overrides are for.
    """
    tree = parse(source)
    compilation = Compilation(tree, net, permissions, recipe, diagnostics=list(tree.diagnostics))
    if tree.has_gaps:
        compilation.diagnostics += foreign_names(tree)
    else:
        from .ir.program import Override

        given = [*(Override(name, value) for name, value in (hypers or {}).items()), *overrides]
        for stage in MODEL_STAGES:
            compilation.diagnostics += stage(compilation, given)
        training = [each for stage in TRAINING_STAGES for each in stage(compilation, given)]
        compilation.training_refusals = [each for each in training if each.code == "TN0001"]
        compilation.diagnostics += training
        compilation.diagnostics = _linted(compilation)
    compilation.diagnostics = sorted(dict.fromkeys(compilation.diagnostics), key=_place)
    return compilation


def _elaborate(compilation: Compilation, overrides: Sequence[Override]) -> Iterable[Diagnostic]:
    from .elaborate import elaborate

    chosen = compilation.net
    program, diagnostics = elaborate(compilation.tree, overrides, compilation.permissions, compilation.recipe_name)
    if chosen in program.nets:
        program.main, program.mains = chosen, dict.fromkeys(program.mains, chosen)
    compilation.program = program
    return diagnostics


def _resolve_rules(compilation: Compilation, overrides: Sequence[Override]) -> Iterable[Diagnostic]:
    from .parameters import check_names, resolve
    from .training.loss_modules import joined
    from .training.recipe import losses_of
    from .training.rules.reading import readers_of

    program, blocks = compilation.program, declared_blocks(compilation.tree)
    for name, section in (program.recipes or {None: None}).items():
        optimizer = _optimizer(section) if section else None
        trained, data = program.main_of(name), program.data_of(name)
        for net in program.nets.values():
            main = net is trained
            rules = [*(program.rules.get(None, []) if main else []), *program.rules.get(net.name, [])]
            readers = readers_of(section, data, net) if section and main else {}
            whole = net
            if section and main and (losses := losses_of(section, data, net)):
                compilation.losses[name] = losses
                try:
                    whole = joined(net, losses)
                except SpecError as problem:
                    yield from problem.diagnostics
            table, diagnostics = resolve(whole, rules, optimizer if main else None, blocks, readers, program.own_layers)
            compilation.tables[net.name, name] = table
            yield from diagnostics
        if trained is None:
            yield from check_names(program.rules.get(None, []), optimizer)


def _resolve_data(compilation: Compilation, overrides: Sequence[Override]) -> Iterable[Diagnostic]:
    from .data.recipe import resolve

    program = compilation.program
    for name in {None: None, **program.data, **program.recipes}:
        recipe, diagnostics = resolve(program.data_of(name), program.main_of(name))
        compilation.data_recipes[name] = recipe
        yield from diagnostics


def _resolve_training(compilation: Compilation, overrides: Sequence[Override]) -> Iterable[Diagnostic]:
    from .training.recipe import resolve
    from .training.rules.reading import contradictions

    program = compilation.program
    for name, section in program.recipes.items():
        net = program.main_of(name)
        table = compilation.table(net.name, name) if net else None
        recipe, diagnostics = resolve(section, program.data_of(name), net, table, compilation.losses.get(name))
        compilation.recipes[name] = recipe
        yield from diagnostics
        if table and recipe:
            yield from contradictions(table, recipe)


def _require_main(compilation: Compilation, overrides: Sequence[Override]) -> Iterable[Diagnostic]:
    """Rules and training are of one net; where several nets could be meant, the spec must say which."""
    tree, program = compilation.tree, compilation.program
    nets = [each.name.text for each in tree.declarations if isinstance(each, ast.Net)]
    if compilation.net is not None and compilation.net not in nets:
        listed = ", ".join(f"`{name}`" for name in nets) or "none"
        help = did_you_mean(compilation.net, nets) or f"the nets of this spec are {listed}"
        yield from error("TN0201", f"no net is called `{compilation.net}`", help=help).diagnostics
        return
    known = any(program.mains.values())
    for node in tree.declarations:
        is_train = isinstance(node, ast.Train) and not program.mains.get(node.name and node.name.text)
        if is_train or isinstance(node, ast.Parameters) and node.net is None and not known:
            word = "train" if is_train else "parameters"
            place = node.span.source.span(node.span.start, node.span.start + len(word))
            listed = ", ".join(f"`{name}`" for name in nets)
            message = f"which net `{word}` is for is open: {listed}" if nets else f"`{word}` needs a net; there is none"
            yield from error("TN0502", message, place, help="name it: `net = …` in `train`").diagnostics


def _require_recipe(compilation: Compilation, overrides: Sequence[Override]) -> Iterable[Diagnostic]:
    """The recipe that was asked for is there, and each `data` section with a name is that of a recipe."""
    sections = compilation.tree.declarations
    names = [each.name.text for each in sections if isinstance(each, ast.Train) and each.name]
    wanted = [(each.name.text, each.name.span) for each in sections if isinstance(each, ast.Data) and each.name]
    if compilation.recipe_name is not None:
        wanted.append((compilation.recipe_name, None))
    for name, place in wanted:
        if name not in names:
            listed = ", ".join(f"`{each}`" for each in names)
            others = f"the recipes are {listed}" if names else f"add `train {name} {{ … }}`"
            advice = did_you_mean(name, names) or others
            yield from error("TN0802", f"no recipe is called `{name}`", place, help=advice).diagnostics


MODEL_STAGES = (_elaborate, _require_main, _require_recipe, _resolve_rules)
TRAINING_STAGES = (_resolve_data, _resolve_training)


def _linted(compilation: Compilation) -> list[Diagnostic]:
    """The diagnostics with lints, but for what the spec allows. One with errors has enough to look at."""
    errors = [each for each in compilation.diagnostics if each.is_error]
    if any(each.code != "TN0001" for each in errors):
        return compilation.diagnostics
    from .lint import Context, run

    warnings = [each for each in compilation.diagnostics if not each.is_error]
    return [
        *errors,
        *run(Context(compilation.tree, compilation.program, compilation.tables, compilation.recipes, warnings)),
    ]


def _optimizer(section: TrainSection) -> Any:
    """The optimizer of a recipe, or None; what is wrong with it is reported with the recipe."""
    from .parameters import choose

    setting = section.settings.get("optimizer")
    try:
        return choose(setting.value, setting.value_span) if setting else None
    except SpecError:
        return None


def declared_blocks(tree: ast.Tree) -> set[str]:
    """The names of all blocks and nets that a spec declares or imports."""
    names = {each.name.text for each in tree.declarations if isinstance(each, (ast.Block, ast.Net))}
    for each in tree.declarations:
        if isinstance(each, ast.FromImport):
            names |= {(name.alias or name.name).text for name in each.names}
    return names


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    return (diagnostic.span.source.name, diagnostic.span.start) if diagnostic.span else ("", -1)
