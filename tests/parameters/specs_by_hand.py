"""Specs as text to nets and rule tables, without the stages after elaboration."""

from __future__ import annotations

from functools import cache

from torch import nn

from tnet.codegen import generate
from tnet.diagnostics import Diagnostic
from tnet.elaborate import elaborate
from tnet.ir.graph import Net
from tnet.ir.program import Program
from tnet.parameters import OptimizerChoice, RuleTable, build, choose, resolve
from tnet.source import Source
from tnet.syntax import parse

NET = """
block Basic(width) {
  conv1: Conv2d(width, 3, padding=1, bias=false) -> bn1: BatchNorm2d -> relu
  conv2: Conv2d(width, 3, padding=1) -> bn2: BatchNorm2d -> relu
}

net Small(image: float[N, 3, 8, 8], words: int[N, 5]) -> float[N, 4] {
  parameter scale: float[1, 6] = normal(std=0.5)
  backbone: {
    stem: Conv2d(6, 3)
    layer1: repeat 2 { Basic(6) }
  }
  x = x.mean(dim=[2, 3]) * scale
  y = words -> embed: Embedding(20, 6) -> encoder: TransformerEncoderLayer(2, 8, batch_first=true)
  x = cat([x, y.mean(dim=1)], dim=1)
  head: Linear(4)
}
"""


@cache
def program_of(text: str) -> Program:
    """The program of a spec that elaborates without a fault."""
    program, diagnostics = elaborate(parse(Source("spec.tnet", text)))
    assert not diagnostics, diagnostics
    return program


def resolved(
    rules: str, optimizer: str | None = "SGD(lr=0.1, momentum=0.9, weight_decay=0.01)", net: str = NET
) -> tuple[RuleTable, list[Diagnostic]]:
    """The table of a text of rules over a net, with everything that is wrong with them."""
    train = f"train {{ optimizer = {optimizer} }}" if optimizer else ""
    program = program_of(f"{net}\nparameters {{\n{rules}\n}}\n{train}")
    return resolve(program.net(), program.rules[None], chosen(program), blocks=("Basic", "Unused"))


def chosen(program: Program) -> OptimizerChoice | None:
    recipe = program.recipes.get(None)
    return choose(recipe.settings["optimizer"].value, recipe.settings["optimizer"].value_span) if recipe else None


def table_of(rules: str, **kwargs: str | None) -> RuleTable:
    """The table of rules that are all right."""
    table, diagnostics = resolved(rules, **kwargs)
    assert not diagnostics, diagnostics
    return table


def faults(rules: str, **kwargs: str | None) -> list[str]:
    """What is wrong with a text of rules, a line each: severity, code, the text marked, message, help."""
    return [told(each) for each in resolved(rules, **kwargs)[1]]


def told(diagnostic: Diagnostic) -> str:
    marked = diagnostic.span.text if diagnostic.span else ""
    help = f" | {diagnostic.help}" if diagnostic.help else ""
    return f"{diagnostic.severity} {diagnostic.code} [{marked}] {diagnostic.message}{help}"


def class_of(net: Net) -> type[nn.Module]:
    """The generated class of a net."""
    scope: dict = {}
    exec(generate(net), scope)
    return scope[net.name]


def built(rules: str = "", net: str = NET, seed: int = 0) -> nn.Module:
    """The initialised module of a net under rules that are all right."""
    table = table_of(rules, net=net)
    return build(class_of(table.net), table.net, table, seed)
