"""The summary says what PyTorch and torchvision say of the same nets."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy
import torch
import torchsummary as package
import torchvision
from torch.utils._sympy.functions import Mod

import tnet
from tnet.ir.graph import Condition, Module, Net, Value
from tnet.ir.types import TensorType
from tnet.render.dims import Dims
from tnet.render.sizes import example_inputs, sizes
from tnet.render.summary import readable, torchsummary
from tnet.shapes import symbol

ROOT = Path(__file__).parent.parent.parent

CONVOLUTIONS = """
net Shapes(a: float[N, 2, L=17], b: float[N, 2, H=12, W=9], c: float[N, 2, 8, 8, 8]) {
  one = a -> line: { Conv1d(4, 3, padding="same"); Conv1d(4, 3, stride=2) }
  two = b -> plane: { Conv2d(4, 5, padding="same", dilation=2); ConvTranspose2d(3, 4, stride=3, padding=1) }
  three = c -> solid: { Conv3d(4, 3, padding="same"); ConvTranspose3d(2, 2, stride=2) }
  return one, two, three
}
"""


def resnet(depth: int) -> tnet.Spec:
    return tnet.load(ROOT / "specs/resnet.tnet", depth=depth)


@pytest.mark.parametrize("depth", [18, 50])
def test_published_counts(depth):
    """M8: numbers of parameters and multiply-adds are those that torchvision publishes."""
    summary = resnet(depth).summary()
    meta = getattr(torchvision.models, f"ResNet{depth}_Weights").IMAGENET1K_V1.meta
    assert summary.total.parameters == summary.total.trainable == meta["num_params"]
    assert summary.total.multiply_adds / 1e9 == pytest.approx(meta["_ops"], abs=0.001)


@pytest.mark.parametrize("text", ["digits", "gpt", CONVOLUTIONS])
def test_rows_are_those_of_the_module(text):
    """M4, M8: each module's output shape and parameters are those of the built model."""
    spec = tnet.load(ROOT / f"specs/{text}.tnet") if text.isalpha() else tnet.loads(text)
    model, outputs = spec.model().eval(), {}
    for name, module in model.named_modules():
        module.register_forward_hook(lambda _, __, output, name=name: outputs.setdefault(name, output))
    model(*example_inputs(spec.net, "cpu"))
    rows = {row.path: row for row in spec.summary().rows if row.kind != "parameter"}
    named = dict(model.named_modules())
    layers = [name for name in named if name in rows and name in outputs]
    assert len(layers) >= len([row for row in rows.values() if row.kind and not row.kind.startswith("×")])
    for name in layers:
        assert rows[name].parameters == sum(each.numel() for each in named[name].parameters())
        assert at(rows[name].output, sizes(spec.net)) == list(outputs[name].shape)
    assert spec.summary().total.parameters == sum(each.numel() for each in model.parameters())


def at(shape: str, numbers: dict[str, int]) -> list[int]:
    """A printed shape as numbers."""

    def ceil(value: float) -> int:
        return -int(-value // 1)

    return [int(each) for each in eval(shape, {"ceil": ceil, **numbers})]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_nothing_is_cut(width):
    summary = resnet(18).summary()
    narrow, wide = summary.table(width), summary.table()
    heading = len(wide.splitlines()[0])
    assert all(len(line) <= max(width, heading) for line in narrow.splitlines())
    assert sorted(narrow.replace(" ", "").replace("\n", "")) == sorted(wide.replace(" ", "").replace("\n", ""))
    assert "…" not in narrow


def test_json():
    data = resnet(18).summary().data()
    assert data["at"] == {"N": 1, "H": 224, "W": 224}
    layer = next(each for each in data["layers"] if each["path"] == "layer2.0.downsample.0")
    assert layer["kind"] == "Conv2d" and layer["parameters"] == 8192 and layer["line"] == 15
    assert layer["output"] == "[N, 128, ceil(H/8), ceil(W/8)]"


def test_a_parameter_of_the_net_has_a_row():
    rows = {row.path: row for row in tnet.load(ROOT / "specs/gpt.tnet").summary().rows}
    assert rows["position"].kind == "parameter" and rows["position"].parameters == 128 * 128


def test_torchsummary_is_the_package_s_own_table():
    """M9: the table that people are used to."""
    spec = tnet.load(ROOT / "specs/digits.tnet")
    model = spec.model()
    expected = str(package.summary(model, torch.zeros(1, 1, 8, 8), device="cpu", verbose=0))
    assert torchsummary(model, spec.net) == expected
    assert "Total params: 29,162" in expected


def test_torchsummary_gets_the_right_dtype():
    spec = tnet.load(ROOT / "specs/gpt.tnet")
    assert "Embedding: 1-1" in torchsummary(spec.model(), spec.net)


def test_sizes_without_a_hint_meet_the_conditions():
    batch, length, width = (symbol(name) for name in "NTW")
    root = Module("net", "A", [Value("x", TensorType("int64", (batch, length, width)))])
    conditions = (Condition(length <= 10, None), Condition(sympy.Eq(Mod(width, 7), 0), None))
    net = Net("A", root, (), {"N": None, "T": None, "W": None}, conditions)
    assert sizes(net) == {"N": 1, "T": 8, "W": 224}
    (example,) = example_inputs(net, "cpu")
    assert example.shape == (1, 8, 224) and example.dtype == torch.int64


def test_sizes_for_people():
    net = tnet.Spec(tnet.spec.read(ROOT / "specs/pieces.tnet")).program.net("UNet")
    shape = Dims(net).type(net.outputs[0][1])
    assert shape == "float32[N, 2, H, W]"


@pytest.mark.parametrize(
    ("count", "text"), [(None, ""), (0, ""), (7, "7"), (1250, "1.25 k"), (4.09e9, "4.09 G"), (2e13, "20.00 T")]
)
def test_readable(count, text):
    assert readable(count) == text


def test_outputs_within_outputs():
    """What a recurrent layer gives, and maps: the head says all types."""
    spec = tnet.loads("net A(v: float[N, T=5, 4]) { LSTM(8, batch_first=true) }")
    head = str(spec.summary()).splitlines()[0]
    assert head == "A(v: float32[N, T, 4]) -> float32[N, T, 8], (float32[1, N, 8], float32[1, N, 8])"
    spec = tnet.loads('net A(v: float[N, 4]) { return {"a": v, "b": [v]} }')
    assert str(spec.summary()).splitlines()[0] == "A(v: float32[N, 4]) -> {a: float32[N, 4], b: (float32[N, 4])}"
