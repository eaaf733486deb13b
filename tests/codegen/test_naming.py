"""Random graphs: whatever is named what and inlined where, the source computes what the graph says."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codegen.interpret import run
from tests.codegen.programs import assert_same, model, tensors
from tnet.codegen import generate
from tnet.ir import graph as ir
from tnet.ir.types import TensorType
from tnet.source import Source

TYPE = TensorType("float32", (2, 6))
LINES = Source("random.tnet", "x -> y -> z\n" * 40)
NAMES = st.sampled_from(["x", "x", "x", "x", "y", "skip", "class", "torch", "F", "self", "identity"])


def value(draw) -> ir.Value:
    aliases = draw(st.lists(st.sampled_from(["identity", "y", "x", "lambda"]), max_size=1))
    return ir.Value(draw(NAMES), TYPE, None, aliases)


def linear(seed: int) -> ir.Layer:
    arguments = (
        ir.LayerArgument("in_features", 6, True, True),
        ir.LayerArgument("out_features", 6, True),
        ir.LayerArgument("bias", bool(seed % 2), False),
    )
    with torch.device("meta"):
        return ir.Layer("torch.nn.Linear", arguments, torch.nn.Linear(6, 6, bias=bool(seed % 2)))


@st.composite
def nets(draw) -> ir.Net:
    inputs = [value(draw) for _ in range(draw(st.integers(1, 3)))]
    root = ir.Module("net", "Net", inputs, own_inputs=len(inputs))
    known = list(inputs)
    for number in range(draw(st.integers(1, 14))):
        span = None
        if draw(st.booleans()):
            start = draw(st.integers(0, 300))
            span = LINES.span(start, start + draw(st.integers(1, 60)))
        pick = st.sampled_from(known[-4:] + known[:1])
        root.nodes.append(node := draw(st.sampled_from(KINDS))(draw, pick, root, number))
        node.span = span
        known += ir.leaves(node.result)
    chosen = draw(st.lists(st.sampled_from(known[-5:]), min_size=1, max_size=3, unique=True))
    root.result = chosen[0] if len(chosen) == 1 else tuple(chosen)
    return ir.Net("Net", root, (), {})


def apply(draw, pick, root, number) -> ir.Node:
    name = draw(st.sampled_from([*root.children, f"fc{number}"]))
    root.children.setdefault(name, linear(number))
    return ir.Node("apply", name, (draw(pick),), {}, value(draw))


def operator(draw, pick, root, number) -> ir.Node:
    return ir.Node("operator", draw(st.sampled_from("+-*")), (draw(pick), draw(pick)), {}, value(draw))


def function(draw, pick, root, number) -> ir.Node:
    return ir.Node("function", "torch.nn.functional.relu", (draw(pick),), {}, value(draw))


def random(draw, pick, root, number) -> ir.Node:
    arguments = {"training": ir.TrainingFlag()}
    return ir.Node("function", "torch.nn.functional.dropout", (draw(pick), 0.5), arguments, value(draw))


def halves(draw, pick, root, number) -> ir.Node:
    pair = (value(draw), value(draw))
    return ir.Node("method", "chunk", (ir_repeat(draw, pick, root), 2), {"dim": 1}, pair)


def ir_repeat(draw, pick, root) -> ir.Value:
    """A value twice as wide, so that its halves have the usual shape."""
    wide = ir.Value("x", TensorType("float32", (2, 12)))
    root.nodes.append(ir.Node("function", "torch.cat", ((draw(pick), draw(pick)),), {"dim": 1}, wide))
    return wide


def write(draw, pick, root, number) -> ir.Node:
    place = (slice(None), draw(st.integers(0, 5)))
    return ir.Node("set_index", "", (draw(pick), place, 0.5), {}, value(draw))


KINDS = [apply, apply, operator, operator, function, random, halves, write]


@settings(max_examples=150, deadline=None)
@given(nets())
def test_source_computes_the_graph(net):
    built = model(net)
    inputs = tuple(torch.randn(2, 6) for _ in net.root.inputs)
    results = []
    for forward in (lambda: built(*inputs), lambda: run(net, built, *inputs)):
        torch.manual_seed(3)
        results.append([list(tensors(forward()))])
    assert_same(*results)
    assert generate(net) == generate(net)
