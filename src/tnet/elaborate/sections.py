"""The sections `parameters`, `data` and `train`: rules and settings as values, each with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..diagnostics import Note, SpecError, error
from ..ir.program import (
    DataSection,
    Override,
    Pipeline,
    Property,
    Rule,
    Selector,
    SelectorPart,
    Setting,
    TrainSection,
)
from ..ir.values import Call, Duration, Expression, StagedValue, Stages
from ..source import Span
from ..syntax import ast, parse_stages
from .callees import Callee, Skip, describe
from .evaluation import decide, evaluate
from .frames import MISSING, Frame
from .globals import Globals
from .overrides import given_value
from .own_code import as_call
from .pipelines import read_pipeline


class SettingsFrame(Frame):
    """Names in a section: other settings of it, then the file's own; the setting's own name is the file's."""

    settings: SettingsReader
    own: str

    def find(self, name: str) -> Any:
        if name != self.own and name in self.settings.nodes:
            return self.settings.value(name)
        return super().find(name)

    def find_callee(self, name: str) -> Any:
        """`log(x)` is the function, though `log` is a setting."""
        found = self.find(name)
        return found if isinstance(found, Callee) else super().find(name)


class SettingsReader:
    """Evaluates the settings of a section on demand, each once; an override takes the place of what is written."""

    def __init__(self, nodes: Mapping[str, ast.Setting], overrides: Mapping[str, Override], globals_: Globals):
        self.nodes = nodes
        self.overrides = overrides
        self.globals = globals_
        self.values: dict[str, Any] = {}
        self.reading: list[str] = []

    def frame(self, own: str) -> Frame:
        frame = SettingsFrame(self.globals.work, self.globals, section=True)
        frame.settings, frame.own = self, own
        return frame

    def value(self, name: str) -> Any:
        """Raises `Skip` for one that failed, SpecError for one that is made of itself."""
        if name in self.reading:
            raise error("TN0503", f"setting `{name}` is made of itself", self.nodes[name].name.span)
        if name not in self.values:
            self.reading.append(name)
            try:
                self.values[name] = self._read(name)
            except SpecError as problem:
                self.globals.work.report(problem)
                self.values[name] = MISSING
            except Skip:
                self.values[name] = MISSING
            finally:
                self.reading.pop()
        if self.values[name] is MISSING:
            raise Skip
        return self.values[name]

    def _read(self, name: str) -> Any:
        frame = self.frame(name)
        override = self.overrides.get(name)
        if override is None:
            return stages_value(self.nodes[name].stages, frame, name)
        return self.overridden(override, frame, name)

    def overridden(self, override: Override, frame: Frame, name: str = "") -> Any:
        """The value of an override, where a bare name in small letters is text."""
        value = given_value(override, parse_stages, lambda stages: stages_value(stages, frame, name))
        plain_text = override.span and isinstance(value, Call) and not value.called and not value.name[:1].isupper()
        return value.name if plain_text else value


def stages_value(stages: Sequence[ast.Stage], frame: Frame, name: str = "") -> Any:
    """One value, or stages with their durations."""
    if len(stages) == 1 and stages[0].duration is None:
        node = stages[0].value
        return _loss_value(node, frame) if name == "loss" else evaluate(node, frame)
    staged = tuple(StagedValue(evaluate(each.value, frame), _duration(each, frame), each.span) for each in stages)
    return Stages(staged, stages[0].span.to(stages[-1].span))


def _loss_value(node: ast.Expr, frame: Frame) -> Any:
    """A loss, or a list or map of them."""
    match node:
        case ast.ListExpr(items=items):
            return [_loss_value(each, frame) for each in items]
        case ast.MapExpr(items=items):
            return {key.name if isinstance(key, ast.Var) else evaluate(key, frame): _loss_value(each, frame)
                    for key, each in items}  # fmt: skip
    return evaluate(node, frame) if _is_plain(node) else Expression(node, frame, node.span)


def _is_plain(node: ast.Expr) -> bool:
    """A loss that is a class or function by name, with literal arguments; others are over the net's outputs."""
    callee = node.callee if isinstance(node, ast.Call) else node
    positional = isinstance(node, ast.Call) and any(arg.name is None for arg in node.args)
    return isinstance(callee, ast.Var) and not (positional and callee.name.islower())


def _duration(stage: ast.Stage, frame: Frame) -> Duration | None:
    if stage.duration is None:
        return None
    value = evaluate(stage.duration, frame)
    if not isinstance(value, Duration):
        raise error(
            "TN0303", f"a stage lasts a duration, not {describe(value)}", stage.duration.span, help="such as `5 epochs`"
        )
    return value


def _settings(
    nodes: list[ast.Setting], overrides: list[Override], globals_: Globals, section: str
) -> dict[str, Setting]:
    """The settings of a section by name, with overrides in their places."""
    written: dict[str, ast.Setting] = {}
    for node in nodes:
        if node.name.text in written:
            first = Note("first set here", written[node.name.text].name.span)
            globals_.work.report(error("TN0202", f"`{node.name.text}` is set twice", node.name.span, first))
            continue
        written[node.name.text] = node
    whole = {each.path.split(".", 1)[1]: each for each in overrides if each.path.count(".") == 1}
    stand_ins = {name: None for name in whole if name not in written}
    reader = SettingsReader({**written, **stand_ins}, whole, globals_)
    found: dict[str, Setting] = {}
    for name in reader.nodes:
        try:
            value = reader.value(name)
        except Skip:
            continue
        except SpecError as problem:
            globals_.work.report(problem)
            continue
        setting = _setting(name, value, written.get(name), whole.get(name))
        if section == "data" and setting.value_span is not None:
            setting = replace(setting, value=as_call(setting.value, setting.value_span))
        found[name] = setting
    for override in overrides:
        if override.path.count(".") > 1:
            _override_argument(override, found, reader, globals_, section)
    return found


def _setting(name: str, value: Any, node: ast.Setting | None, override: Override | None) -> Setting:
    if override is not None:
        return Setting(name, value, override.name_place, override.span)
    stages = node.stages
    return Setting(name, value, node.name.span, stages[0].span.to(stages[-1].span))


def _override_argument(
    override: Override, found: dict[str, Setting], reader: SettingsReader, globals_: Globals, section: str
) -> None:
    """`train.optimizer.momentum=0`: a keyword of a setting's call."""
    _, name, *keys = override.path.split(".")
    setting = found.get(name)
    try:
        if setting is None:
            raise error(
                "TN0204", f"`{section}` sets no `{name}`, so `{override.path}` leads nowhere", override.name_place
            )
        if not isinstance(setting.value, Call) or len(keys) != 1:
            raise error(
                "TN0204", f"`{override.path}` leads nowhere: `{name}` is no call with arguments", override.name_place
            )
        value = reader.overridden(override, reader.frame(name))
        call = setting.value
        spans = {**call.spans, **({keys[0]: override.span} if override.span else {})}
        names = {**call.names, **({keys[0]: _last_part(override.name_place)} if override.span else {})}
        changed = replace(call, kwargs={**call.kwargs, keys[0]: value}, called=True, spans=spans, names=names)
        found[name] = replace(setting, value=changed)
    except SpecError as problem:
        globals_.work.report(problem)
    except Skip:
        pass


def _last_part(path: Span) -> Span:
    """`momentum` of `train.optimizer.momentum`."""
    return path.source.span(path.start + path.text.rfind(".") + 1, path.end)


def read_train(node: ast.Train, overrides: list[Override], globals_: Globals) -> TrainSection:
    nodes = [each for each in node.settings if isinstance(each, ast.Setting)]
    settings = _settings(nodes, overrides, globals_, "train")
    return TrainSection(node.name and node.name.text, node.span, settings, _failed(nodes, settings))


def read_data(node: ast.Data, overrides: list[Override], globals_: Globals) -> DataSection:
    nodes = [each for each in node.items if isinstance(each, ast.Setting)]
    settings = _settings(nodes, overrides, globals_, "data")
    pipelines: dict[str, Pipeline] = {}
    for item in node.items:
        if isinstance(item, ast.Flow):
            read_pipeline(item, pipelines, globals_)
    return DataSection(node.name and node.name.text, node.span, settings, pipelines, _failed(nodes, settings))


def _failed(nodes: list[ast.Setting], settings: Mapping[str, Setting]) -> frozenset[str]:
    return frozenset(each.name.text for each in nodes) - settings.keys()


def read_rules(node: ast.Parameters, globals_: Globals) -> list[Rule]:
    """The rules of a `parameters` section; conditions are decided now, values when a parameter asks."""
    return _rules(node.rules, globals_)


def _rules(nodes: Sequence[Any], globals_: Globals) -> list[Rule]:
    found: list[Rule] = []
    for node in nodes:
        if isinstance(node, ast.RuleIf):
            try:
                if decide(node.condition, Frame(globals_.work, globals_)):
                    found += _rules(node.rules, globals_)
            except SpecError as problem:
                globals_.work.report(problem)
            except Skip:
                pass
        elif isinstance(node, ast.Rule):
            found.append(_rule(node, globals_))
    return found


def _rule(node: ast.Rule, globals_: Globals) -> Rule:
    selectors = tuple(
        Selector(tuple(SelectorPart(part.text, part.span) for part in each.parts), each.span) for each in node.selectors
    )
    properties = tuple(_property(each, globals_) for each in node.properties if isinstance(each, ast.Setting))
    return Rule(selectors, properties, node.span)


def _property(node: ast.Setting, globals_: Globals) -> Property:
    def evaluate_with(names: Mapping[str, Any]) -> Any:
        frame = Frame(globals_.work, globals_, names=dict(names), section=True)
        try:
            return stages_value(node.stages, frame, node.name.text)
        except Skip:
            raise SpecError([]) from None

    span = node.stages[0].span.to(node.stages[-1].span)
    return Property(node.name.text, node.name.span, span, evaluate_with)
