"""Every layer's inferred shape, also at symbolic sizes, is what the layer itself gives on real tensors."""

from __future__ import annotations

import pytest
import sympy
import torch

from tnet.compiler import compile_spec
from tnet.elaborate.prototypes import import_path, materialise
from tnet.ir.types import TensorType
from tnet.source import Source

IMAGE, SIGNAL, VOLUME = "float[N, 8, H=16, W=16]", "float[N, 8, L=16]", "float[N, 8, 8, 8, 8]"
ROW, SEQUENCE, INDICES = "float[N, 16]", "float[N, T=10, 16]", "int[N, T=10]"
CASES = {
    IMAGE: """Conv2d(4, 3); Conv2d(4, 3, stride=2, padding=1); Conv2d(8, 3, padding="same", groups=8)
        ConvTranspose2d(4, 2, stride=2); BatchNorm2d; InstanceNorm2d(affine=true); GroupNorm(2); LocalResponseNorm(2)
        MaxPool2d(3, stride=2, padding=1); MaxPool2d(2, ceil_mode=true); AvgPool2d(2); LPPool2d(2, 2)
        AdaptiveAvgPool2d(1); AdaptiveMaxPool2d([4, 4]); ReflectionPad2d(1); ReplicationPad2d(1); ZeroPad2d(1)
        ConstantPad2d(1, 0.5); CircularPad2d(1); Dropout2d(0.1); PixelShuffle(2); PixelUnshuffle(2)
        Upsample(scale_factor=2); UpsamplingBilinear2d(scale_factor=2); ChannelShuffle(2); Softmax2d; Unfold(3)
        Flatten(2); PReLU(8); CrossMapLRN2d(2); Conv2dNormActivation(4); SqueezeExcitation(2)
        StochasticDepth(0.1, "row"); FrozenBatchNorm2d; Permute([0, 2, 3, 1]); Identity
        Conv2dNormActivation(4, norm_layer=InstanceNorm2d, activation_layer=SiLU)
        Rearrange("b c (h p) w -> b (c p) h w", p=2)""",
    SIGNAL: """Conv1d(4, 3); ConvTranspose1d(4, 2); BatchNorm1d; InstanceNorm1d; MaxPool1d(2); AvgPool1d(2)
        LPPool1d(2, 2); AdaptiveAvgPool1d(1); AdaptiveMaxPool1d(1); ReflectionPad1d(1); ReplicationPad1d(1)
        ZeroPad1d(1); CircularPad1d(1); Dropout1d""",
    VOLUME: """Conv3d(4, 3); ConvTranspose3d(4, 2); BatchNorm3d; InstanceNorm3d; MaxPool3d(2); AvgPool3d(2)
        AdaptiveAvgPool3d(1); ReplicationPad3d(1); ZeroPad3d(1); Dropout3d; Conv3dNormActivation(4)""",
    ROW: """Linear(4); ReLU; ReLU6; GELU; SiLU; Mish; ELU; CELU; SELU; LeakyReLU(0.1); PReLU; RReLU; Sigmoid; Tanh
        Softmax(dim=1); LogSoftmax(dim=1); Softmin(dim=1); Softplus; Softsign; Softshrink; Hardtanh; Hardswish
        Hardsigmoid; Hardshrink; Tanhshrink; Threshold(0.1, 20.0); LogSigmoid; GLU; Dropout; AlphaDropout; LayerNorm
        RMSNorm; Unflatten(1, [4, 4]); MLP([8, 4]); RNNCell(4); GRUCell(4); LSTMCell(4)""",
    SEQUENCE: """LSTM(4, batch_first=true); GRU(4, num_layers=2, batch_first=true); RNN(4, bidirectional=true)
        TransformerEncoderLayer(4, batch_first=true)
        TransformerEncoder(TransformerEncoderLayer(4, batch_first=true), num_layers=2); Linear(3); LayerNorm""",
    INDICES: "Embedding(10, 4); EmbeddingBag(10, 4)",
}
STEPS = [
    (type_, step.strip()) for type_, steps in CASES.items() for line in steps.split("\n") for step in line.split(";")
]


def real_layer(layer):
    args = [real(each.value) for each in layer.arguments if each.positional]
    kwargs = {each.name: real(each.value) for each in layer.arguments if not each.positional}
    return import_path(layer.path)(*args, **kwargs).eval()


def real(value):
    from tnet.ir.graph import Layer

    return real_layer(value) if isinstance(value, Layer) else materialise(value)


def sizes_that_meet(net, step):
    """Two assignments of numbers to the net's symbols that meet its conditions, near its hints."""
    hints = {name: hint or 3 for name, hint in net.symbols.items()}
    for shift in range(1, 40):
        sizes = {name: hint + (shift if hint != 3 else shift % 3) for name, hint in hints.items()}
        values = {sympy.Symbol(name, positive=True, integer=True): sympy.Integer(size) for name, size in sizes.items()}
        if all(each.relation.xreplace(values) == sympy.true for each in net.conditions):
            yield sizes, values
            if shift > 6:
                return


def expected(types, values):
    if isinstance(types, TensorType):
        return tuple(int(dim.xreplace(values)) if isinstance(dim, sympy.Expr) else dim for dim in types.dims)
    return tuple(expected(each, values) for each in types)


def shapes(result):
    return tuple(result.shape) if isinstance(result, torch.Tensor) else tuple(shapes(each) for each in result)


@pytest.mark.parametrize(("type_", "step"), STEPS, ids=[step for _, step in STEPS])
def test_inferred_shape_is_real(type_, step):
    compilation = compile_spec(Source("spec", f"net A(v: {type_}) {{ only: {step} }}"))
    assert compilation.ok, compilation.diagnostics
    net = compilation.program.net()
    layer = real_layer(net.root.children["only"])
    types = tuple(type_ for _, type_ in net.outputs)
    inputs = net.root.inputs[0].type
    tried = 0
    for sizes, values in list(sizes_that_meet(net, step))[:3]:
        shape = expected(inputs, values)
        sample = torch.rand(shape) if inputs.dtype == "float32" else torch.zeros(shape, dtype=torch.int64)
        with torch.no_grad():
            got = shapes(layer(sample))
        assert expected(types if len(types) > 1 else types[0], values) == got, sizes
        tried += 1
    assert tried
