"""A whole spec: hyper-parameters, then every net, rule and section, whatever of it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..diagnostics import Diagnostic, SpecError, did_you_mean, error
from ..ir.program import HyperValue, Override, Program, Setting
from ..ir.values import Call
from ..source import Source, Span
from ..syntax import ast, parse, read, used_names
from ..trust import Permissions
from .callees import Callee, Skip
from .evaluation import compile_time
from .frames import Frame, LimitReached, Work
from .globals import Globals
from .nets import elaborate_net, main_net
from .overrides import hyper_value, unknown_hyper
from .own_code import own_layers, used
from .sections import read_data, read_rules, read_train


def elaborate(
    tree: ast.Tree,
    overrides: Sequence[Override] = (),
    permissions: Permissions | None = None,
    recipe: str | None = None,
) -> tuple[Program, list[Diagnostic]]:
    """The program of a spec, as far as it can be made out, and everything that is wrong with it.

    Settings among the overrides, and the main net, are those of `recipe`.
    """
    work = Work()
    program = Program(tree.source)
    try:
        _elaborate(tree, overrides, program, work, permissions or Permissions(), recipe)
    except LimitReached as reached:
        work.diagnostics += reached.problem.diagnostics
    except RecursionError:
        work.report(error("TN0901", "the spec is nested too deep to be elaborated"))
    program.unfinished = work.unfinished
    return program, work.diagnostics


def _elaborate(
    tree: ast.Tree,
    overrides: Sequence[Override],
    program: Program,
    work: Work,
    permissions: Permissions,
    recipe: str | None,
) -> None:
    globals_ = _open(tree, {each.path: each for each in overrides if "." not in each.path}, work, [], permissions)
    _evaluate_all(globals_)
    program.hypers = globals_.hypers
    program.own_layers = own_layers(globals_)
    settings = _settings_given(overrides, tree, recipe)
    _refuse_unknown(overrides, globals_, tree, work, settings)
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Train):
            given = settings.get(("train", _name(declaration)), [])
            _enter(program.recipes, read_train(declaration, given, globals_), declaration, work)
        elif isinstance(declaration, ast.Data):
            given = settings.get(("data", _name(declaration)), [])
            _enter(program.data, read_data(declaration, given, globals_), declaration, work)
        elif isinstance(declaration, ast.Net):
            _enter_net(declaration, globals_, program, work)
    for declaration in tree.declarations:
        if isinstance(declaration, ast.Parameters):
            _enter_rules(declaration, globals_, program, tree, work)
    _choose_mains(tree, program, work, recipe)
    program.imported, program.used = work.imported, tuple(work.used)


def _open(
    tree: ast.Tree, overrides: dict[str, Override], work: Work, opening: list[Path], permissions: Permissions
) -> Globals:
    """The globals of a file. `opening` holds the files that are being imported, to find circles."""

    def hyper(globals_: Globals, declaration: ast.Hyper) -> HyperValue:
        return hyper_value(declaration, overrides.get(declaration.name.text), globals_)

    def load(globals_: Globals, imported: ast.FromImport) -> Globals:
        return _import(globals_, imported, work, opening, permissions)

    def use(globals_: Globals, node: ast.Use, name: ast.ImportName) -> Callee:
        work.used[node.module.text] = None
        return used(globals_.source, node, name, permissions)

    globals_ = Globals(tree.source, work, hyper=hyper, load=load, use=use)
    globals_.declare(tree)
    return globals_


def _import(
    globals_: Globals, node: ast.FromImport, work: Work, opening: list[Path], permissions: Permissions
) -> Globals:
    """The globals of an imported spec, relative to the importing file."""
    frame = Frame(work, globals_)
    written = compile_time(node.path, frame, "a path")
    path = _inside(written, globals_.source, node)
    given = {
        arg.name.text: Override(arg.name.text, compile_time(arg.value, frame, "a hyper-parameter"), None)
        for arg in node.settings
    }
    if path in opening:
        raise error("TN0503", f"`{written}` imports itself", node.path.span)
    try:
        tree = parse(_imported(path, globals_.source))
    except SpecError as problem:
        raise error("TN0902", f"cannot import `{written}`: {problem.diagnostics[0].message}", node.path.span) from None
    if tree.diagnostics:
        raise SpecError(tree.diagnostics)
    work.imported[path] = tree.source
    opened = _open(tree, given, work, [*opening, path], permissions)
    for name in given:
        if not isinstance(opened.declarations.get(name), ast.Hyper):
            raise error("TN0204", f"`{written}` has no hyper-parameter `{name}`", node.span)
    return opened


def home_of(source: Source) -> Path:
    """The folder that a spec's imports are in."""
    return (source.path.parent if source.path else Path()).resolve()


def _imported(path: Path, importing: Source) -> Source:
    """The text of an imported spec: its file's, or the copy's that stands for it. Raises SpecError."""
    if importing.copies is None:
        return read(path)
    copy = importing.copies / path.relative_to(home_of(importing))
    return replace(read(copy), path=path, copies=copy.parent)


def _inside(written: str, source: Source, node: ast.FromImport) -> Path:
    """An imported path, which may not leave the importing file's folder upwards or be absolute."""
    home = home_of(source)
    path = (home / written).resolve()
    if Path(written).is_absolute() or not path.is_relative_to(home):
        raise error("TN0902", f"`{written}` leads out of the project", node.path.span)
    return path


def _evaluate_all(globals_: Globals) -> None:
    for name in globals_.declarations:
        try:
            globals_.find(name)
        except Skip:
            pass


def _written(tree: ast.Tree) -> dict[str, str]:
    """The settings that the spec writes, each with the way to it."""
    sections = [("train", each.settings) for each in tree.declarations if isinstance(each, ast.Train)]
    sections += [("data", each.items) for each in tree.declarations if isinstance(each, ast.Data)]
    settings = [(section, each) for section, items in sections for each in items if isinstance(each, ast.Setting)]
    return {each.name.text: f"{section}.{each.name.text}" for section, each in settings}


SectionName = tuple[str, str | None]
"""`("train", "finetune")`; the unnamed section of a kind has None."""


def _settings_given(
    overrides: Sequence[Override], tree: ast.Tree, recipe: str | None
) -> dict[SectionName, list[Override]]:
    """What is given from outside for the `train` section of the recipe and for the `data` section that it has."""
    found: dict[SectionName, list[Override]] = {}
    recipes = set(_recipes(tree)) - _written(tree).keys()
    for kind, head, names in ((ast.Train, "train", [recipe]), (ast.Data, "data", [recipe, None])):
        written = [_name(each) for each in tree.declarations if isinstance(each, kind)]
        for name in [name for name in names if name in written][:1]:
            under = [each for each in overrides if each.path.startswith(f"{head}.")]
            found[head, name] = [each for each in under if each.path.split(".")[1] not in recipes]
    return found


def _name(section: ast.Train | ast.Data) -> str | None:
    return section.name.text if section.name else None


def _refuse_unknown(
    overrides: Sequence[Override],
    globals_: Globals,
    tree: ast.Tree,
    work: Work,
    settings: Mapping[SectionName, list[Override]],
) -> None:
    taken = {id(each) for given in settings.values() for each in given}
    for override in overrides:
        head, dot, _ = override.path.partition(".")
        if not dot and head not in globals_.hypers and not isinstance(globals_.declarations.get(head), ast.Hyper):
            work.report(unknown_hyper(override, list(globals_.hypers), _written(tree)))
        elif dot and head not in ("train", "data"):
            advice = "start with `train.` or `data.`"
            work.report(error("TN0204", f"`{override.path}` leads nowhere", override.name_place, help=advice))
        elif dot and id(override) not in taken:
            work.report(_no_section(head, override, tree))


def _recipes(tree: ast.Tree) -> list[str]:
    """The names of the recipes that have one."""
    return [name for each in tree.declarations if isinstance(each, ast.Train) and (name := _name(each))]


def _no_section(head: str, override: Override, tree: ast.Tree) -> SpecError:
    recipes, second = _recipes(tree), override.path.split(".")[1]
    if second in recipes:
        advice = f"`--recipe {second}` makes `{head}.…` that recipe's"
        return error("TN0204", f"`{override.path}` leads nowhere", override.name_place, help=advice)
    advice = f"choose a recipe: `--recipe {recipes[0]}`" if recipes and head == "train" else None
    return error("TN0204", f"the spec has no `{head}` section for `{override.path}`", override.name_place, help=advice)


def _enter(sections: dict[str | None, Any], section: Any, node: Any, work: Work) -> None:
    if section.name in sections:
        named = f" `{section.name}`" if section.name else ""
        work.report(error("TN0202", f"a second section{named} of the same name", node.span))
        return
    sections[section.name] = section


def _enter_net(node: ast.Net, globals_: Globals, program: Program, work: Work) -> None:
    try:
        callee = globals_.find(node.name.text)
    except Skip:
        return
    if isinstance(callee, Callee) and callee.target.node is node and (net := elaborate_net(callee, work)) is not None:
        program.nets[net.name] = net


def _enter_rules(node: ast.Parameters, globals_: Globals, program: Program, tree: ast.Tree, work: Work) -> None:
    name = node.net.text if node.net else None
    nets = [each.name.text for each in tree.declarations if isinstance(each, ast.Net)]
    if name is not None and name not in nets:
        work.report(error("TN0201", f"no net is called `{name}`", node.net.span, help=did_you_mean(name, nets)))
        return
    program.rules.setdefault(name, []).extend(read_rules(node, globals_))


def _choose_mains(tree: ast.Tree, program: Program, work: Work, chosen: str | None) -> None:
    """The net of each recipe: the one that it names, or else the unnamed recipe, or the only one it can be."""
    used = set().union(
        *(set(used_names(each.body)) for each in tree.declarations if isinstance(each, (ast.Net, ast.Block)))
    )
    for recipe in dict.fromkeys([None, chosen, *program.recipes]):
        sections = [program.recipes[name] for name in (recipe, None) if name in program.recipes]
        setting = next((each.settings["net"] for each in sections if "net" in each.settings), None)
        try:
            program.mains[recipe] = main_net(tree, _named_net(setting), used)
        except SpecError as problem:
            work.report(problem)
    program.main = program.mains.get(chosen)


def _named_net(setting: Setting | None) -> tuple[str, Span] | None:
    if setting is None:
        return None
    value = setting.value
    return (value.name if isinstance(value, (Call, Callee)) else str(value), setting.value_span)
