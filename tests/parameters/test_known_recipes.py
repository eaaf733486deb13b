"""The parameter groups of well-known recipes, written as rules, are those that their own code makes."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import torchvision
from specs_by_hand import chosen, program_of
from torch import nn

from tnet.elaborate import elaborate
from tnet.ir.program import Override
from tnet.parameters import groups, resolve
from tnet.source import Source
from tnet.syntax import parse

SPECS = Path(__file__).parents[2] / "specs"


def groups_by_rules(name: str, rules: str, optimizer: str, **hypers) -> dict:
    """The parameters of each group of a gallery net under other rules, by rate and decay."""
    text = re.sub(r"\nparameters \{.*", "", (SPECS / f"{name}.tnet").read_text(), flags=re.DOTALL)
    text += f"\nparameters {{\n{rules}\n}}\ntrain {{ optimizer = {optimizer} }}"
    program, diagnostics = elaborate(parse(Source(f"{name}.tnet", text)), [Override(*each) for each in hypers.items()])
    assert not diagnostics, diagnostics
    table, diagnostics = resolve(program.net(), program.rules[None], chosen(program), {"EncoderBlock", "Bottleneck"})
    assert not diagnostics, diagnostics
    made = groups(table)
    found = {(rate(each.options["lr"]), each.options["weight_decay"]): sorted(each.parameters) for each in made}
    assert len(found) == len(made)
    return found


def rate(value: float) -> float:
    """Rates are products, whose last digit depends on the order."""
    return round(value, 12)


def by_key(keys: dict[str, tuple[float, float]]) -> dict:
    members = defaultdict(list)
    for name, key in keys.items():
        members[key].append(name)
    return {key: sorted(names) for key, names in members.items()}


def test_torchvisions_reference_for_resnets():
    """`--wd 1e-4 --norm-weight-decay 0`: references/classification of torchvision; SGD at 0.5 for a batch of 1024."""
    sgd = "SGD(lr=0.5, momentum=0.9, weight_decay=1e-4)"
    norms = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.modules.instancenorm._InstanceNorm)
    keys = {}
    for path, module in torchvision.models.resnet50().named_modules():
        for name, _ in module.named_parameters(prefix=path, recurse=False):
            keys[name] = (0.5, 0.0 if isinstance(module, norms) else 1e-4)
    assert groups_by_rules("resnet", ":norm { weight_decay = 0 }", sgd, depth=50) == by_key(keys)


VIT = """
* { layer_decay = LayerDecay(0.75, "EncoderBlock") }
:vector, class_token, encoder.pos_embedding { weight_decay = 0 }
encoder.ln { lr = 0.75 * lr }
"""


def test_timms_layer_decay_of_a_vit():
    """timm's `param_groups_layer_decay`: its last norm counts with the last block; vectors and tokens do not decay."""
    depth, small = 3, {"width": 16, "heads": 2, "size": 32}
    ours = groups_by_rules("vit", VIT, "AdamW(lr=1e-3, weight_decay=0.05)", depth=depth, **small)
    tokens = ("class_token", "encoder.pos_embedding")
    model = torchvision.models.VisionTransformer(32, 16, depth, 2, 16, 64)

    def layer(name: str) -> int:
        if block := re.search(r"encoder_layer_(\d+)", name):
            return int(block[1]) + 1
        return depth if name.startswith("encoder.ln") else depth + 1 if name.startswith("heads") else 0

    def decay(name: str, ndim: int) -> float:
        return 0.0 if ndim == 1 or name in tokens else 0.05

    keys = {
        name: (rate(1e-3 * 0.75 ** (depth + 1 - layer(name))), decay(name, each.ndim))
        for name, each in model.named_parameters()
    }
    assert ours == by_key(keys)


TWO_RATES = """
net Tuned(image: float[N, 3, 64, 64]) -> float[N, 2] {
  backbone: models.resnet18() { fc: Identity }
  head: Linear(2)
}

parameters {
  backbone      { lr = 0.1 * lr }
  :bias, :norm  { weight_decay = 0 }
}

train { optimizer = AdamW(lr=1e-3, weight_decay=0.01) }
"""


def test_a_fine_tune_with_two_rates():
    """O2, O3: a small rate for the body, a large one for the head, weights and biases apart."""
    program = program_of(TWO_RATES)
    table, diagnostics = resolve(program.net(), program.rules[None], chosen(program))
    assert not diagnostics
    body = torchvision.models.resnet18()
    matrices = [f"backbone.{name}" for name, each in body.named_parameters() if each.ndim > 1 and "fc" not in name]
    vectors = [f"backbone.{name}" for name, each in body.named_parameters() if each.ndim == 1 and "fc" not in name]
    listed = [(each.name, each.parameters, each.options["lr"], each.options["weight_decay"]) for each in groups(table)]
    assert listed == [
        ("backbone", matrices, 1e-4, 0.01),
        ("backbone + :bias, :norm", vectors, 1e-4, 0.0),
        ("default", ["head.weight"], 1e-3, 0.01),
        (":bias, :norm", ["head.bias"], 1e-3, 0.0),
    ]
