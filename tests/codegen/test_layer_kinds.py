"""Kinds of layers, each beside the class in Python: the same state, outputs, gradients and buffers in both modes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.codegen.programs import model, net

TYPES = {
    "row": "float[N, 8]",
    "signal": "float[N, 4, 8]",
    "image": "float[N, 4, 8, 8]",
    "volume": "float[N, 4, 4, 4, 4]",
}
RANKED = {1: "signal", 2: "image", 3: "volume"}

ACTIVATIONS = [
    *((each, getattr(nn, each)()) for each in (
        "ReLU ReLU6 ELU SELU CELU GELU SiLU Mish Sigmoid Tanh Hardtanh Hardswish Hardsigmoid Hardshrink Softshrink"
        " Tanhshrink Softplus Softsign LogSigmoid LeakyReLU RReLU GLU PReLU"
    ).split()),
    ("Threshold(0.1, 20.0)", nn.Threshold(0.1, 20.0)),
    ("Softmax(dim=1)", nn.Softmax(dim=1)),
    ("LogSoftmax(dim=1)", nn.LogSoftmax(dim=1)),
    ("Softmin(dim=1)", nn.Softmin(dim=1)),
]  # fmt: skip
NORMS = {
    "row": [("LayerNorm", nn.LayerNorm(8)), ("RMSNorm(eps=1e-6)", nn.RMSNorm(8, eps=1e-6))],
    "image": [
        ("GroupNorm(2)", nn.GroupNorm(2, 4)),
        ("LocalResponseNorm(2)", nn.LocalResponseNorm(2)),
        ("CrossMapLRN2d(2)", nn.CrossMapLRN2d(2)),
        ("Softmax2d", nn.Softmax2d()),
        ("FractionalMaxPool2d(2, output_size=3)", nn.FractionalMaxPool2d(2, output_size=3)),
    ],
}


def of_rank(rank: int) -> list[tuple[str, nn.Module]]:
    """Pools, norms and dropouts of 1, 2 or 3 dims."""
    names = {f"{each}{rank}d": (2,) for each in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool")}
    names |= {f"LPPool{rank}d": (2, 2), f"Dropout{rank}d": (0.3,)}
    plain = [(f"{name}({', '.join(map(str, args))})", getattr(nn, name)(*args)) for name, args in names.items()]
    return [
        *plain,
        (f"BatchNorm{rank}d", getattr(nn, f"BatchNorm{rank}d")(4)),
        (f"InstanceNorm{rank}d(affine=true)", getattr(nn, f"InstanceNorm{rank}d")(4, affine=True)),
    ]


KINDS = [
    ("row", ACTIVATIONS),
    *NORMS.items(),
    *((RANKED[rank], of_rank(rank)) for rank in RANKED),
    ("image", [("Dropout(0.3)", nn.Dropout(0.3)), ("AlphaDropout(0.3)", nn.AlphaDropout(0.3)),
               ("FeatureAlphaDropout(0.3)", nn.FeatureAlphaDropout(0.3))]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "layers"), KINDS)
def test_layers_are_those_of_torch(kind, layers):
    """M5 (activations, pools, normalisations, dropouts 1d 2d 3d), L7 (dropout)."""
    steps = "\n".join(f"  y{i} = v -> l{i}: {step}" for i, (step, _) in enumerate(layers))
    outputs = ", ".join(f"y{i}" for i in range(len(layers)))
    ours = model(net(f"net Kinds(v: {TYPES[kind]}) {{\n{steps}\n  return {outputs}\n}}"))
    theirs = nn.ModuleDict({f"l{i}": layer for i, (_, layer) in enumerate(layers)})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    v = torch.randn([3 if size == "N" else int(size) for size in TYPES[kind][6:-1].split(", ")])
    for training in (True, False):
        given = [v.clone().requires_grad_(), v.clone().requires_grad_()]
        results = []
        for each, forward, x in zip(
            (ours, theirs), (ours, lambda x: [layer(x) for layer in theirs.values()]), given, strict=True
        ):
            each.train(training)
            torch.manual_seed(0)
            found = forward(x)
            results.append(found if isinstance(found, (tuple, list)) else [found])
            sum(output.sin().sum() for output in results[-1]).backward()
        for mine, other in zip(*results, strict=True):
            assert torch.equal(mine, other)
        assert torch.equal(given[0].grad, given[1].grad)
        for mine, other in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
            assert torch.equal(mine, other)
