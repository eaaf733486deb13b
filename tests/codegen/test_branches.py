"""Branches and rounds nested at random: generated source does what the IR says, in both modes."""

from __future__ import annotations

import random

import pytest
import torch

from tests.codegen.programs import assert_same, model, net, ruff, tensors
from tests.codegen.programs import run as interpret
from tnet.codegen import generate

NAMES = ("x", "a", "b", "c")


def expression(draw: random.Random) -> str:
    names = [draw.choice((*NAMES, *NAMES, "(w * mean)", "v[:, 0]")) for _ in range(3)]
    forms = ["{0} + {1}", "{0} * {1} - {2}", "relu({0})", "{0} -> cell", "({0} -> cell) + {1}", "{0}",
             "dropout({0}, 0.5)", "({0} if training else {1} + {2})", "{0} * (0.5 if training else 2.0)"]  # fmt: skip
    return draw.choice(forms).format(*names)


def statements(draw: random.Random, depth: int, rounds: int = 0) -> str:
    return "; ".join(statement(draw, depth, rounds) for _ in range(draw.randint(1, 4)))


def statement(draw: random.Random, depth: int, rounds: int) -> str:
    kind = draw.choice(["assign"] * 4 + ["swap", "step", "update", "if", "if else", "for", "repeat"])
    if depth == 0 or kind == "assign":
        return f"{draw.choice(NAMES)} = {expression(draw)}"
    if kind == "swap":
        return f"{draw.choice(NAMES[:2])}, {draw.choice(NAMES[2:])} = ({expression(draw)}, {expression(draw)})"
    if kind == "update":
        return f"mean {draw.choice(['=', '+=', '*='])} ({draw.choice(NAMES)}).mean(dim=0).detach()"
    inner = statements(draw, depth - 1, rounds)
    if kind == "if":
        return f"if {draw.choice(['training', 'not training'])} {{ {inner} }}"
    if kind == "if else":
        return f"if training {{ {inner} }} else {{ {statements(draw, depth - 1, rounds)} }}"
    if kind == "for" and rounds < 2:
        number = f"t{rounds}"
        return f"for {number} in range(T) {{ a = a + v[:, {number}]; {statements(draw, depth - 1, rounds + 1)} }}"
    return f"repeat randint(0, 3) shared {{ {inner} }}" if kind == "repeat" else "tanh"


@pytest.mark.parametrize("seed", range(30))
def test_source_does_what_the_ir_says(seed):
    draw = random.Random(seed)
    text = f"""net A(v: float[N, T=3, 4], w: float[N, 4]) {{
      buffer mean: float[4] = zeros
      x = w; a = w + 1; b = relu(w); c = a * b
      c = (w -> cell: Linear(4)) - c
      {statements(draw, 3)}; {statements(draw, 3)}
      return x, a + b, c, mean
    }}"""
    graph = net(text)
    source = generate(graph)
    assert ruff("check", text=source) == ruff("format", "--diff", text=source) == ""
    built = model(graph)
    inputs = torch.randn(2, 3, 4), torch.randn(2, 4, requires_grad=True)
    for training in (True, False):
        built.train(training)
        results = []
        for forward in (lambda: built(*inputs), lambda: interpret(graph, built, *inputs)):
            built.mean.fill_(0.5)
            torch.manual_seed(seed)
            outputs = list(tensors(forward()))
            built.zero_grad()
            sum(each.tanh().sum() for each in outputs).backward()
            results.append([outputs, [built.cell.weight.grad], [built.mean.clone()]])
        assert_same(*results)
