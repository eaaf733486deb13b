"""The summary says what PyTorch and torchvision say of the same nets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sympy
import torch
import torchsummary as package
import torchvision
from torch.utils._sympy.functions import Mod

import tnet
from tnet.cli.main import main
from tnet.ir.graph import Condition, Module, Net, Value
from tnet.ir.types import TensorType
from tnet.opening import read
from tnet.render import flops
from tnet.render.dims import Dims
from tnet.render.sizes import example_inputs, sizes
from tnet.render.summary import torchsummary
from tnet.render.summary_facts import readable
from tnet.render.summary_text import USUAL, fitting, folded
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
    usual = fitting(list(folded(summary.rows)), USUAL, width)
    narrow, wide = summary.table(width, columns=usual), summary.table(columns=usual)
    heading = len(wide.splitlines()[0])
    assert all(len(line) <= max(width, heading) for line in narrow.splitlines())
    assert sorted(narrow.replace(" ", "").replace("\n", "")) == sorted(wide.replace(" ", "").replace("\n", ""))
    assert "…" not in narrow.replace(" … ", "")


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
    net = tnet.Spec(read(ROOT / "specs/pieces.tnet")).program.net("UNet")
    shape = Dims(net).type(net.outputs[0][1])
    assert shape == "float32[N, 2, H, W]"


def test_sizes_rounded_twice():
    half = "Conv2d(2, 3, stride=2, padding=1)"
    rows = tnet.loads(f"net A(v: float[N, 1, H=64, 64]) {{ {half}; MaxPool2d(4); {half} }}").summary().rows
    sizes = [row.output.split(", ")[2] for row in rows]
    assert sizes == ["ceil(H/2)", "ceil(H/2)//4", "ceil((ceil(H/2)//4)/2)"]


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


GALLERY = {
    "alexnet": ("AlexNet_Weights", {}),
    "densenet": ("DenseNet121_Weights", {}),
    "efficientnet": ("EfficientNet_B0_Weights", {}),
    "resnet": ("ResNet34_Weights", {"depth": 34}),
    "squeezenet": ("SqueezeNet1_1_Weights", {}),
    "vit": ("ViT_B_16_Weights", {}),
}
"""Specs whose nets are torchvision's, with the weights whose counts it publishes."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name == "densenet" else name for name in GALLERY]
)
def test_the_gallery_has_the_published_counts(name):
    """M8"""
    weights, hypers = GALLERY[name]
    total = tnet.load(ROOT / f"specs/{name}.tnet", **hypers).summary().total
    meta = getattr(torchvision.models, weights).IMAGENET1K_V1.meta
    assert total.parameters == meta["num_params"]
    assert total.multiply_adds / 1e9 == pytest.approx(meta["_ops"], abs=0.001)  # published in thousandths


RULED = """
net A(v: float[N, 8]) -> float[N, 2] {
  parameter scale: float[8] = ones
  x = x * scale
  body: repeat 3 { Linear(8); relu }
  old: { Linear(8); Linear(8) }
  head: Linear(2)
}
parameters {
  Linear.weight { init = kaiming_normal }
  old           { freeze = true }
  old.1         { freeze = false }
  head          { freeze = 2 epochs; lr = 0.1 }
  old           { eval = true }
}
train { epochs = 1; batch = 4; loss = mse_loss(output, target); optimizer = SGD(lr=1.0) }
data { train = Fake() }
"""


def test_what_is_trained_and_by_which_rule():
    rows = {row.path: row for row in tnet.Spec(tnet.Source("a", RULED)).summary().rows}
    assert {path: row.gradient for path, row in rows.items() if row.parameters} == {
        "scale": "yes", "body": "yes", "body.0": "yes", "body.0.0": "yes", "body.1": "yes", "body.1.0": "yes",
        "body.2": "yes", "body.2.0": "yes", "old": "of some", "old.0": "never", "old.1": "yes",
        "head": "after 2 epochs",
    }  # fmt: skip
    assert rows["old"].trainable == 72 and rows["old.0"].trainable == 0
    assert [(each.parameter, each.property, each.value, each.span.line) for each in rows["head"].rules] == [
        ("weight", "init", "kaiming_normal", 10), ("weight", "freeze", "2 epochs", 13), ("weight", "lr", "0.1", 13),
        ("bias", "freeze", "2 epochs", 13), ("bias", "lr", "0.1", 13),
    ]  # fmt: skip
    assert [each.property for each in rows["old"].rules] == ["eval"]


def test_equal_copies_are_told_once():
    text = tnet.Spec(tnet.Source("a", RULED)).summary().table()
    (copies,) = (line for line in text.splitlines() if "×" in line and "…" in line)
    assert copies.split()[:5] == ["0", "…", "2", "×", "3"] and "72" in copies  # the figures of one
    assert "216" in next(line for line in text.splitlines() if line.startswith("body"))
    assert "kaiming" not in text and "init 10, freeze 13, lr 13" in text


def test_memory_is_that_of_what_is_there():
    spec = tnet.load(ROOT / "specs/digits.tnet")
    model, given = spec.model().eval(), []
    for module in model.modules():
        if not list(module.children()):
            module.register_forward_hook(lambda _, __, output: given.append(output.nbytes))
    model(*example_inputs(spec.net, "cpu"))
    flattened = 64 * 4 * 4 * 4  # by a function, which hooks do not see
    assert spec.summary().memory == {
        "parameters": sum(each.nbytes for each in model.parameters()),
        "buffers": sum(each.nbytes for each in model.buffers()),
        "outputs": sum(given) + flattened,
    }


def test_depth_and_columns():
    summary = resnet(18).summary()
    rows = summary.table(depth=1).splitlines()[2:]
    assert [line.split()[0] for line in rows[1:11]] == [
        "conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"
    ]  # fmt: skip
    assert summary.table(columns=["path", "trainable"]).splitlines()[2].split() == ["layer", "path", "trainable"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--columns", "ouput"], "no column `ouput`; did you mean `output`?"),
        (["--columns", ""], "there is no column ``"),
        (["--depth", "-1"], "`-1` is no number of blocks"),
        (["--depth", "x"], "`x` is no number of blocks"),
        (["--json", "--depth", "1"], "`--depth` is for the table"),
        (["--style", "torchsummary", "--columns", "line"], "`--columns` is for the table"),
    ],
)
def test_misuse(arguments, words, capsys):
    assert main(["summary", str(ROOT / "specs/digits.tnet"), *arguments]) == 2
    assert words in capsys.readouterr().err


WRONG = """
block Cell(n) { conv: Conv2d(n, 3, padding=1); BatchNorm2d; relu }
net A(image: float[N, 3, H=32, W=32]) -> float[N, 4] {
  stem: Conv2d(8, 1)
  body: repeat 2 { Cell(8); inner: { Conv2d(8, 1); Conv2d(3, 99) } }
  head: Linear(4)
}
parameters { Linear.weight { init = ones } }
"""


def test_a_wrong_net_is_shown_up_to_what_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.tnet").write_text(WRONG)
    assert main(["summary", "a.tnet", "--columns", "path,output"]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[1:] for line in out.splitlines()[3:11]] == [
        ["stem", "[N,", "8,", "H,", "W]"], ["body"], ["body.0"], ["body.0.cell", "[N,", "8,", "H,", "W]"],
        ["body.0.cell.conv", "[N,", "8,", "H,", "W]"], ["body.0.cell.batchnorm2d", "[N,", "8,", "H,", "W]"],
        ["body.0.inner"], ["body.0.inner.0", "[N,", "8,", "H,", "W]"],
    ]  # fmt: skip
    assert "up to a.tnet:5:52, where the spec is wrong" in out and "error[TN0401]" in err
    assert main(["summary", "a.tnet", "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["until"] == "a.tnet:5:52" and data["total"]["multiply_adds"] is None


@pytest.mark.parametrize("text", ["net A(", "", "hyper a = b\n", "block B { Linear(3) }"])
def test_what_is_no_net_yet_has_no_table(text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("a.tnet").write_text(text)
    assert main(["summary", "a.tnet"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "error[" in err


@pytest.mark.parametrize("name", ["gpt", "lstm", "squeezenet", "siamese", "dynamic"])
def test_what_is_remembered_of_layers_counts_the_same(name):
    net = tnet.load(ROOT / f"specs/{name}.tnet").net
    flops._known.clear()
    first = flops.multiply_adds(net)
    assert flops.multiply_adds(net) == first
    flops._known.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flops, "_layers", lambda root: [])
        assert flops.multiply_adds(net) == first
