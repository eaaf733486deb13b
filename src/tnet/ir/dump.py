"""A program as plain data (maps, lists, texts, numbers), for `ir.yaml` and for comparing programs.

Nothing of the program is left out: an unlike program has an unlike dump. Run-time values are written `%name`, with a
number from a name's second value in a module on; symbolic sizes as their expressions; places as `line:column`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..source import Span
from . import text
from .autograd import Autograd
from .graph import Branch, Declared, Layer, Model, Module, Net, Node, Value, leaves, walk
from .program import DataSection, HyperValue, Program, Rule, Setting, TrainSection
from .values import Call, Combined, Duration, Expression, StagedValue, Stages

Data = Any


def program(it: Program) -> dict[str, Data]:
    return _filled(
        spec=it.source.name,
        hypers={name: hyper(each) for name, each in it.hypers.items()},
        main=it.main,
        nets={name: net(each) for name, each in it.nets.items()},
        rules=[_filled(net=name, rules=list(map(rule, rules))) for name, rules in it.rules.items()],
        data=[section(each) for each in it.data.values()],
        recipes=[section(each) for each in it.recipes.values()],
    )


def hyper(it: HyperValue) -> dict[str, Data]:
    return {"value": plain(it.value), "default": plain(it.default), "domain": plain(it.domain), "at": place(it.span)}


def net(it: Net) -> dict[str, Data]:
    return _filled(
        doc=it.doc,
        at=place(it.span),
        symbols=dict(it.symbols),
        conditions=[{"condition": str(each), "at": place(each.span)} for each in it.conditions],
        outputs=[_filled(name=name, type=str(kind)) for name, kind in it.outputs],
        module=module(it.root),
    )


def module(it: Module | Layer) -> dict[str, Data]:
    """A module with its values numbered in order, so that equal texts inside it mean the same value."""
    if isinstance(it, Layer):
        return layer(it)
    named = names(it)
    return _filled(
        kind=it.kind,
        name=it.name,
        doc=it.doc,
        at=place(it.span),
        config={name: plain(value) for name, value in it.config.items()},
        inputs={named(value): str(value.type) for value in leaves(it.inputs)},
        own_inputs=it.own_inputs,
        parameters={name: declared(each) for name, each in it.parameters.items()},
        buffers={name: declared(each) for name, each in it.buffers.items()},
        nodes=[node(each, named) for each in it.nodes],
        result=text.argument(it.result, named),
        children={name: module(child) for name, child in it.children.items()},
    )


def layer(it: Layer) -> dict[str, Data]:
    given = {each.name: plain(each.value) for each in it.arguments if not each.inferred}
    inferred = {each.name: plain(each.value) for each in it.arguments if each.inferred}
    positional = [each.name for each in it.arguments if each.positional and not each.inferred]
    return _filled(
        layer=it.path, arguments=given, positional=positional, inferred=inferred, at=place(it.span), **surgery(it)
    )


def surgery(it: Layer) -> dict[str, Data]:
    """What is replaced in a model and which of its values are taken."""
    if not isinstance(it, Model):
        return {}
    replaced = {path: module(each) for path, each in it.replaced.items()}
    return {"replaced": replaced, "taps": list(it.taps), "pretrained": sorted(it.pretrained)}


def declared(it: Declared) -> dict[str, Data]:
    initial = it.init and f"{it.init.name}({text.arguments((), dict(it.init.kwargs), str)})"
    expression = it.expression and module(it.expression)
    kind = str(it.type)
    return _filled(type=kind, init=initial, expression=expression, persistent=it.persistent, at=place(it.span))


def node(it: Node, named: Callable[[Value], str]) -> dict[str, Data]:
    return _filled(
        op=it.op,
        target=it.target,
        args=[text.argument(each, named) for each in it.args],
        kwargs={name: text.argument(each, named) for name, each in it.kwargs.items()},
        result=text.argument(it.result, named),
        types=[str(value.type) for value in leaves(it.result)],
        bodies=[branch(each, named) for each in it.bodies],
        gradient=autograd(it.args[0]) if it.op == "autograd" else {},
        variant=module(it.variant) if it.variant else {},
        at=place(it.span),
    )


def autograd(it: Autograd) -> dict[str, Data]:
    """The two bodies; the inputs of `backward` beyond the gradients stand for values of `forward`."""
    named = names(it.forward)
    return {"forward": module(it.forward), "saved": list(map(named, it.saved)), "backward": module(it.backward)}


def branch(it: Branch, named: Callable[[Value], str]) -> dict[str, Data]:
    return _filled(
        variable=it.variable and named(it.variable),
        inputs={named(value): str(value.type) for value in it.inputs},
        nodes=[node(each, named) for each in it.nodes],
        result=text.argument(it.result, named),
    )


def names(it: Module) -> Callable[[Value], str]:
    """The names of a module's values: `%x`, `%x.2`, …"""
    seen: dict[str, int] = {}
    known: dict[Value, str] = {}
    for value in (*leaves(it.inputs), *(value for node in walk(it.nodes) for value in _defined(node))):
        seen[value.name] = seen.get(value.name, 0) + 1
        known[value] = f"%{value.name}" + (f".{seen[value.name]}" if seen[value.name] > 1 else "")
    return lambda value: known.get(value, f"%{value.name}?")


def _defined(it: Node) -> Iterator[Value]:
    for each in it.bodies:
        yield from leaves((each.variable, each.inputs))
    yield from leaves(it.result)


def rule(it: Rule) -> dict[str, Data]:
    properties = {each.name: each.value_span.text for each in it.properties}
    return {"selectors": list(map(str, it.selectors)), "properties": properties, "at": place(it.span)}


def section(it: DataSection | TrainSection) -> dict[str, Data]:
    pipelines = getattr(it, "pipelines", {})
    return _filled(
        name=it.name,
        at=place(it.span),
        settings={name: setting(each) for name, each in it.settings.items()},
        pipelines={name: [plain(step) for step in each.steps] for name, each in pipelines.items()},
    )


def setting(it: Setting) -> dict[str, Data]:
    return {"value": plain(it.value), "at": place(it.value_span)}


def plain(value: Any) -> Data:
    """A compile-time value: numbers, texts and collections as they are, the rest as tnet writes it."""
    match value:
        case bool() | int() | float() | str() | None:
            return value
        case list() | tuple():
            return [plain(each) for each in value]
        case Mapping():
            return {plain(key): plain(each) for key, each in value.items()}
    return written(value)


def written(value: Any) -> str:
    """A compile-time value as tnet writes it: `SGD(lr=0.1)`, `A for 5 epochs -> B`."""
    match value:
        case Call():
            given = [*map(written, value.args), *(f"{name}={written(each)}" for name, each in value.kwargs.items())]
            return value.name + (f"({', '.join(given)})" if value.called or given else "")
        case Combined():
            return f" {value.op} ".join(map(written, value.parts))
        case Stages():
            return " -> ".join(map(written, value.stages))
        case StagedValue():
            return written(value.value) + (f" for {value.duration}" if value.duration else "")
        case Duration():
            return str(value)
        case Expression():
            return value.span.text
        case list():
            return f"[{', '.join(map(written, value))}]"
    return text.argument(value)


def place(span: Span | None) -> str | None:
    return f"{span.line}:{span.column}" if span else None


def _filled(**entries: Data) -> dict[str, Data]:
    """The entries that say something."""
    return {name: value for name, value in entries.items() if value not in (None, "", [], {})}
