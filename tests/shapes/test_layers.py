"""The inventory of layers: each class of torch.nn, torchvision.ops and einops.layers.torch that a spec can build gives
the names, shapes and outputs that it gives in Python, and takes every size that it takes there."""

from __future__ import annotations

import warnings

import pytest
import sympy
import torch
from layer_cases import STEPS, WITHOUT

from tnet.catalog.inference import inferred_arguments
from tnet.catalog.layers import LIBRARIES, exported_layers, find_layer, why_not_built
from tnet.codegen import generate, load
from tnet.compiler import compile_spec
from tnet.ir.types import TensorType
from tnet.source import Source

WORDS = {"true": True, "false": False, "none": None}
CLASSES = {name: each.cls for library in reversed(LIBRARIES) for name, each in exported_layers(library).items()}


def class_named(step: str) -> str:
    return step.partition("(")[0]


def in_python(text: str) -> torch.nn.Module:
    """The layer that a Python expression makes."""
    return eval(text if "(" in text else f"{text}()", {**CLASSES, **WORDS})


def compiled(inputs: str, flow: str):
    compilation = compile_spec(Source("spec", f"net A({inputs}) {{ {flow} }}"))
    assert compilation.ok, compilation.diagnostics
    return compilation.program.net()


def flow_of(inputs: str, step: str) -> str:
    names = [each.split(":")[0].split()[-1] for each in inputs.split("]") if ":" in each]
    return f"only: {step}" if len(names) == 1 else f"x = ({', '.join(names)}) -> only: {step}"


def sizes_that_meet(net):
    """Assignments of numbers to the net's symbols that meet its conditions: its hints, and sizes near them."""
    hints = {name: hint or 3 for name, hint in net.symbols.items()}
    for shift in range(40):
        near = {name: hint + shift for name, hint in hints.items() if net.symbols[name] and shift > 1}
        sizes = {**hints, "N": 3 + shift % 3, **near}
        values = {sympy.Symbol(name, positive=True, integer=True): sympy.Integer(size) for name, size in sizes.items()}
        if all(each.relation.xreplace(values) == sympy.true for each in net.conditions):
            yield values


def at(types, values):
    """Types at sizes, as (dtype, shape)."""
    if isinstance(types, TensorType):
        dims = (int(dim.xreplace(values)) if isinstance(dim, sympy.Expr) else dim for dim in types.dims)
        return (types.dtype, tuple(dims))
    return tuple(at(each, values) for each in types)


def seen(result):
    if isinstance(result, torch.Tensor):
        return (str(result.dtype).removeprefix("torch."), tuple(result.shape))
    return tuple(map(seen, result))


def sample(kind: TensorType, values) -> torch.Tensor:
    dtype, shape = at(kind, values)
    return torch.rand(shape) if dtype == "float32" else torch.randint(0, 2, shape)


def same(left, right) -> bool:
    if isinstance(left, torch.Tensor):
        return torch.equal(left.nan_to_num(), right.nan_to_num())
    return len(left) == len(right) and all(map(same, left, right))


def run(layer, inputs, training: bool):
    torch.manual_seed(5)
    layer.train(training)
    with torch.no_grad(), warnings.catch_warnings(action="ignore"):
        return layer(*(each.clone() for each in inputs))


@pytest.mark.parametrize(("inputs", "step", "python"), STEPS, ids=[f"{step}-{text[:12]}" for text, step, _ in STEPS])
def test_layer_is_the_class(inputs, step, python):
    """M5, L7 (activations, pools, normalisations, dropouts): names, shapes at several sizes, outputs in both modes."""
    torch.set_num_threads(1)
    net = compiled(inputs, flow_of(inputs, step))
    model, layer = load(generate(net), "A", "A.py")(), in_python(python)
    expected = {f"only.{name}": tensor.shape for name, tensor in layer.state_dict().items()}
    assert [(name, tensor.shape) for name, tensor in model.state_dict().items()] == list(expected.items())
    layer.load_state_dict({name.removeprefix("only."): each for name, each in model.state_dict().items()})
    types = tuple(kind for _, kind in net.outputs)
    tried = list(sizes_that_meet(net))[:3]
    for values in tried:
        given = [sample(value.type, values) for value in net.root.inputs]
        for training in (False, True):
            mine, theirs = run(model, given, training), run(layer, given, training)
            assert same(mine, theirs)
            assert seen(theirs) == at(types if len(types) > 1 else types[0], values)
    assert len({values[sympy.Symbol("N", positive=True, integer=True)] for values in tried}) > 1, "one batch size only"


def test_every_class_is_tested_or_says_why_not():
    tested = {class_named(step) for _, step, _ in STEPS}
    refused = {name for name, cls in CLASSES.items() if why_not_built(cls)}
    print(f"{len(CLASSES)} classes: {len(tested)} tested, {len(WITHOUT)} apart, {len(refused)} refused")
    assert tested | set(WITHOUT) | refused == set(CLASSES)
    assert not tested & (set(WITHOUT) | refused)


def test_what_is_read_off_the_input_is_left_out():
    """Each case whose class has arguments that the input tells leaves them out."""
    for _, step, python in STEPS:
        inferred = inferred_arguments(find_layer(class_named(step)).cls)
        assert not inferred or step != python or "normalized_shape=" in step, step


@pytest.mark.parametrize("name", sorted(name for name, cls in CLASSES.items() if why_not_built(cls)))
def test_refused_classes_say_what_to_write(name):
    (problem,) = compile_spec(Source("spec", f"net A(v: float[N, 4]) {{ {name} }}")).diagnostics
    assert problem.code == "TN0206" and "cannot be built" in problem.message


def test_feature_pyramid():
    """Maps of tensors go through FeaturePyramidNetwork and MultiScaleRoIAlign."""
    net = compiled(
        "a: float[N, 8, 16, 16], b: float[N, 16, 8, 8]",
        'y = {"a": a, "b": b} -> only: FeaturePyramidNetwork([8, 16], 4); return y["a"], y["b"]',
    )
    model, layer = load(generate(net), "A", "A.py")(), CLASSES["FeaturePyramidNetwork"]([8, 16], 4)
    layer.load_state_dict({name.removeprefix("only."): each for name, each in model.state_dict().items()})
    a, b = torch.rand(2, 8, 16, 16), torch.rand(2, 16, 8, 8)
    assert same(model(a, b), tuple(layer({"a": a, "b": b}).values()))


def test_multi_scale_roi_align():
    net = compiled(
        "a: float[1, 8, 16, 16], boxes: float[K, 4]",
        'x = ({"a": a}, [boxes], [(64, 64)]) -> only: MultiScaleRoIAlign(["a"], 3, 2)',
    )
    model, layer = load(generate(net), "A", "A.py")(), CLASSES["MultiScaleRoIAlign"](["a"], 3, 2)
    a, boxes = torch.rand(1, 8, 16, 16), torch.rand(5, 4) * 10 + torch.tensor([0, 0, 20, 20])
    assert same(model(a, boxes), layer({"a": a}, [boxes], [(64, 64)]))
