"""The dump of a program says all that the program says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import tnet
from tnet.ir import dump
from tnet.opening import read

ROOT = Path(__file__).parent.parent.parent

SPEC = """
hyper width = 4 in [4, 8]
block Half(scale=2, act=relu)(v) { v = v / scale; return act(v) }
# doc of A
net A(image: float[N, 3, H=8, 8], n: int[N]) -> logits: float[N, 5] {
  parameter p: float[1, 3, 1, 1] = normal(std=0.02)
  buffer b: float[3] = zeros, persistent=false
  x = image * p
  Conv2d(width, 3, padding=1)
  y = x[:, 0] + 1.5
  stage: repeat 2 { BatchNorm2d }
  halved: Half(3)
  x = x.mean(dim=[2, 3])
  head: Linear(5)
  return x
}
parameters { :bias { weight_decay = 0 } }
data { train = Tensors("a.npz"); split = [0.5, 0.5]; augment: { RandomHorizontalFlip } }
train {
  epochs    = 3
  batch     = 8
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.1, weight_decay=0.1)
  schedule  = LinearLR(start_factor=0.1) for 1 epoch -> CosineAnnealingLR
}
"""


def dumped(text: str) -> dict:
    spec = tnet.Spec(tnet.Source("a.tnet", text))
    assert not [each.message for each in spec.check() if each.is_error]
    return dump.program(spec.program)


CHANGES = [
    ("width = 4", "width = 8"), ("[4, 8]", "[4, 9]"), ("v / scale", "v * scale"), ("Half(3)", "Half(4)"),
    ("std=0.02", "std=0.03"), ("= zeros", "= ones"), (", persistent=false", ""), ("image * p", "image - p"),
    ("padding=1", "padding=2"), ("padding=1", "padding=1, dilation=1"), ("x[:, 0]", "x[:, 1]"), ("+ 1.5", "+ 2.5"),
    ("repeat 2", "repeat 3"), ("BatchNorm2d", "ReLU"), ("head:", "tail:"), ("dim=[2, 3]", "dim=[3, 2]"),
    ("x.mean", "x.amax"), ("return x\n", "return x + 1\n"), ("logits:", "scores:"), ("H=8", "H=16"),
    ("weight_decay = 0 }", "weight_decay = 1 }"), (":bias {", ":norm {"), ("split = [0.5, 0.5]", "split = [0.6, 0.4]"),
    ("a.npz", "b.npz"), ("RandomHorizontalFlip", "RandomVerticalFlip"), ("lr=0.1", "lr=0.2"),
    ("for 1 epoch", "for 2 epochs"),
    ("epochs    = 3", "epochs    = 4"), ("CrossEntropyLoss()", "CrossEntropyLoss(label_smoothing=0.1)"),
    ("act=relu", "act=gelu"), ("3, 1, 1]", "3, 1, 8]"), ("# doc of A", "# doc of B"), ("\nhyper", "\n\nhyper"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_another_program_has_another_dump(old, new):
    assert SPEC.count(old) >= 1
    assert dumped(SPEC.replace(old, new, 1)) != dumped(SPEC)


def test_the_same_program_has_the_same_dump():
    assert dumped(SPEC) == dumped(SPEC)
    assert dumped(SPEC) == dumped(SPEC.replace("+ 1.5", "+ 1.50  # half"))


@pytest.mark.parametrize("name", ["digits", "resnet", "gpt", "pieces"])
def test_the_dump_is_plain_yaml(name):
    data = dump.program(tnet.Spec(read(ROOT / f"specs/{name}.tnet")).program)
    assert yaml.safe_load(yaml.safe_dump(data, sort_keys=False)) == data


def test_a_module_in_yaml():
    module = dumped(SPEC)["nets"]["A"]["module"]
    assert module["children"]["conv2d"] == {
        "layer": "torch.nn.Conv2d",
        "arguments": {"out_channels": 4, "kernel_size": 3, "padding": 1},
        "positional": ["out_channels", "kernel_size"],
        "inferred": {"in_channels": 3},
        "at": "9:3",
    }
    product = next(each for each in module["nodes"] if each["op"] == "operator")
    assert (product["target"], product["args"]) == ("*", ["%image", "%p"])
    assert product["types"] == ["float32[N, 3, H, 8]"]
