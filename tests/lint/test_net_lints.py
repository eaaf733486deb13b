"""Lints of what a net does: what else they are for, and what looks like it and is right."""

from __future__ import annotations

import pytest
import torch
from lint_specs import found, net, told

from tnet.compiler import compile_spec
from tnet.lint.in_place import KEEP_INPUT, KEEP_RESULT
from tnet.source import Source

IMAGE = "v: float[N, 3, 32, 32]"
SEQUENCE = "v: float[N, T=20, 8]"


def cases(*rows: tuple) -> pytest.MarkDecorator:
    """Rows of a body and, if it is not `v: float[N, 8]`, the net's input."""
    return pytest.mark.parametrize(("body", "given"), [(*row, "v: float[N, 8]")[:2] for row in rows])


@cases(
    ("dropout(0.3)\nBatchNorm1d",),
    ("drop: { ReLU; Dropout2d(0.1) }\nnorm: { BatchNorm2d }", IMAGE),
    ("Dropout\nflatten(1)\nBatchNorm1d", IMAGE),
)
def test_W2_dropout_before_batch_norm(body, given):
    assert [each[:6] for each in told(net(body, given))] == ["TN1003"]


@cases(
    ("Dropout\nLinear(3, bias=false)\nBatchNorm1d",),
    ("Dropout(0.0)\nBatchNorm1d",),
    ("Dropout\nLayerNorm",),
    ("BatchNorm1d\nDropout",),
    ("a = x -> Dropout\nx = a + (x -> BatchNorm1d)",),
    ("StochasticDepth(0.1, mode=\"row\")\nBatchNorm2d", IMAGE),
)  # fmt: skip
def test_W2_near_misses(body, given):
    assert told(net(body, given)) == []


@cases(
    ("ConvTranspose2d(4, 2)\nBatchNorm2d(affine=false)", IMAGE),
    ("conv: { Conv2d(4, 3) }\nnorm: BatchNorm2d", IMAGE),
    ("for i in range(2) { Linear(4); BatchNorm1d }",),
)
def test_W6_bias_before_batch_norm(body, given):
    assert [each[:6] for each in told(net(body, given))] == ["TN1004"]


@cases(
    ("Conv2d(4, 3, bias=false)\nBatchNorm2d", IMAGE),
    ("Conv2d(4, 3, bias=true)\nBatchNorm2d", IMAGE),
    ("Conv2d(4, 3)\nReLU\nBatchNorm2d", IMAGE),
    ("Conv2d(4, 3)\nGroupNorm(2)", IMAGE),
    ("Conv2d(3, 3, padding=1)\ny = x -> BatchNorm2d\nx = x + y", IMAGE),
    ("Linear(4)\nx = cat([x, x], dim=1)\nBatchNorm1d",),
    ("Conv2dNormActivation(4)", IMAGE),
)
def test_W6_near_misses(body, given):
    assert told(net(body, given)) == []


def test_W6_a_bias_that_loaded_weights_bring_along_stays():
    recipe = 'train { epochs = 1; batch = 2; loss = MSELoss(); optimizer = Adam(); weights = "w.safetensors" }\n'
    assert told(net("Linear(4)\nBatchNorm1d") + recipe) == []


@cases(
    ("Linear(100)\nReLU\nLinear(10)", "v: float[N, 1000000]"), ("flatten(1)\nLinear(64)", "v: float[N, 8, 512, 512]")
)
def test_W3_a_linear_layer_that_is_most_of_the_memory(body, given):
    assert [each.split("(")[0] for each in told(net(body, given))] == ["TN1005 Linear"]


@cases(
    ("flatten(1)\nLinear(64)\nLinear(10)", IMAGE),
    ("Linear(4096)\nLinear(4096)", "v: float[N, 4096]"),
    ("Embedding(100_000, 256)\nLinear(100_000)", "v: int[N, 8]"),
)
def test_W3_near_misses(body, given):
    """A small one, one of two alike, the head of a language model."""
    assert told(net(body, given)) == []


@cases(
    ("y, _ = x -> GRU(4, batch_first=true)\nx = y", "v: float[N, 1000, 8]"),
    ("y, _ = x -> RNN(4, batch_first=true)\nx = y", "v: float[N, T=4096, 8]"),
    ("y, _ = x -> LSTM(4)\nx = y", "v: float[T=5000, N, 8]"),
)
def test_W4_a_recurrent_layer_over_a_long_sequence(body, given):
    assert [each[:6] for each in told(net(body, given))] == ["TN1006"]


@cases(
    ("y, _ = x -> GRU(4, batch_first=true)\nx = y", "v: float[N, 999, 8]"),
    ("y, _ = x -> GRU(4, batch_first=true)\nx = y", "v: float[N, T, 8]"),
    ("y, _ = x -> GRU(4)\nx = y", "v: float[T=20, N, 8]"),
    ("Conv1d(4, 3)", "v: float[N, 8, 5000]"),
)
def test_W4_near_misses(body, given):
    assert told(net(body, given)) == []


@cases(
    ("Linear(4)\nsigmoid\nLinear(2)",),
    ("Linear(4)\nBatchNorm1d\nSigmoid\nDropout\nLinear(2)",),
    ("Conv2d(4, 3) -> Sigmoid -> MaxPool2d(2) -> Conv2d(8, 3)", IMAGE),
)
def test_W7_sigmoid_in_a_hidden_layer(body, given):
    assert "TN1014" in {each[:6] for each in told(net(body, given))}


@cases(
    ("Linear(4)\nsigmoid",),
    ("x = x * (x -> Linear(8) -> ReLU -> Linear(8) -> sigmoid)\nLinear(2)",),
    ("Linear(4)\nSigmoid\ny = x -> Linear(2)\nreturn x, y",),
    ("sigmoid\nLinear(2)",),
    ("Linear(4)\nTanh\nLinear(2)",),
    ("a = x -> Linear(8) -> sigmoid\nx = a * (x -> Linear(8) -> Tanh)",),
)
def test_W7_near_misses(body, given):
    """Outputs, gates, what is returned as well, inputs brought into a range."""
    assert told(net(body, given)) == []


@cases(
    ("Linear(8)\nSigmoid\nReLU(inplace=true)",),
    ("Linear(8)\nrelu\nDropout(0.5, inplace=true)",),
    ("Linear(8)\ny = x\nx = relu(x, inplace=true)\nx = x + y",),
    ("Linear(8)\ny = x -> Linear(8)\nReLU(inplace=true)\nx += y",),
    ("Linear(8)\ny = x\nx = x.view(-1, 2, 4)\nReLU(inplace=true)\nreturn x, y",),
)
def test_W8_in_place_where_autograd_needs_the_value(body, given):
    assert [each[:6] for each in told(net(body, given))] == ["TN1015"]


@cases(
    ("Linear(8)\nReLU(inplace=true)\nLinear(8)",),
    ("identity = x\nLinear(8)\nReLU(inplace=true)\nLinear(8)\nx += identity\nReLU(inplace=true)",),
    ("Linear(8)\nReLU(inplace=true)\nDropout(0.5, inplace=true)",),
    ("Linear(8)\ny = x + 1\nReLU(inplace=true)\nx += y",),
    ("Linear(8)\nLayerNorm\nSiLU(inplace=true)",),
)
def test_W8_near_misses(body, given):
    """In all of these the backward pass of PyTorch gives what it gives without `inplace=true`."""
    gradients = []
    for text in (net(body, given), net(body, given).replace("inplace=true", "inplace=false")):
        if "Dropout" in body:
            break
        assert told(text) == []
        spec = compile_spec(Source("spec.tnet", text)).program.net()
        gradients.append(gradient(spec))
    assert told(net(body, given)) == []
    assert not gradients or torch.equal(*gradients)


def gradient(spec) -> torch.Tensor:
    from tnet.codegen import generate, load

    torch.manual_seed(0)
    model = load(generate(spec), spec.name, "<spec>")()
    model(torch.randn(4, 8)).square().sum().backward()
    return torch.cat([each.grad.flatten() for each in model.parameters()])


def operation(name: str):
    """A function of one tensor by the name that the lint knows it by."""
    sizes = {"Softmax": (1,), "LogSoftmax": (1,), "Softmin": (1,), "Linear": (8, 8), "BatchNorm1d": (8,)}
    sizes |= {"LayerNorm": (8,), "GroupNorm": (2, 8), "MaxPool1d": (1,), "Conv1d": (8, 8, 1)}
    if hasattr(torch.nn, name):
        return getattr(torch.nn, name)(*sizes.get(name, ()))
    function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    return lambda x: function(x, dim=1) if "softm" in name else function(x)


def fails_in_place(run) -> bool:
    """Whether the backward pass stops because a value was changed."""
    try:
        run().sum().backward()
    except RuntimeError as problem:
        assert "modified by an inplace operation" in str(problem)
        return True
    return False


@pytest.mark.parametrize("name", sorted(KEEP_RESULT))
def test_W8_what_keeps_its_result(name):
    """Each operation of the table, tried: a ReLU in place after it stops the backward pass."""
    x = torch.rand(8, 8, requires_grad=True)
    assert fails_in_place(lambda: torch.relu_(operation(name)(x + 1)))


SIZED = {"Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "conv1d", "conv2d", "conv3d",
         "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linear", "BatchNorm2d", "BatchNorm3d", "pow",
         "SyncBatchNorm", "MaxPool2d", "MaxPool3d", "max_pool1d", "max_pool2d", "max_pool3d", "clamp", "matmul", "bmm",
         "@"}  # fmt: skip
"""What the same kernel as another one does, or takes more than one tensor of two dims."""


@pytest.mark.parametrize("name", sorted(KEEP_INPUT - SIZED))
def test_W8_what_keeps_its_input(name):
    """Each operation of the table, tried: a ReLU in place on its input, after it, stops the backward pass."""

    def run() -> torch.Tensor:
        t = torch.rand(8, 8, requires_grad=True) + 1
        result = operation(name)(t)
        return result.sum() + torch.relu_(t).sum()

    assert fails_in_place(run)


@cases(
    ("y, _ = x -> GRU(4)\nx = y", SEQUENCE),
    ("y, _ = (x, x, x) -> MultiheadAttention(2)\nx = y", SEQUENCE),
    ("TransformerEncoderLayer(2, 16)", SEQUENCE),
    ("TransformerEncoder(TransformerEncoderLayer(2), 1)", SEQUENCE),
    ("Linear(6)\ny, _ = x -> LSTM(4)\nx = y", "v: float[32, 20, 8]"),
)
def test_a_layer_that_takes_the_batch_as_its_sequence(body, given):
    assert [each[:6] for each in told(net(body, given))] == ["TN1019"]


@cases(
    ("y, _ = x -> GRU(4, batch_first=true)\nx = y", SEQUENCE),
    ("y, _ = x -> GRU(4, batch_first=false)\nx = y", SEQUENCE),
    ("x = x.transpose(0, 1)\ny, _ = x -> GRU(4)\nx = y", SEQUENCE),
    ("y, _ = x -> GRU(4)\nx = y", "v: float[T, N, 8]"),
    ("y, _ = x -> GRU(4)\nx = y", "v: float[20, N, 8]"),
    ("y, _ = x -> GRU(4)\nx = y", "v: float[T, 8]"),
    ("TransformerEncoder(TransformerEncoderLayer(2, batch_first=true), 1)", SEQUENCE),
)
def test_batch_first_near_misses(body, given):
    assert told(net(body, given)) == []


@cases(
    ("BatchNorm2d(3)", IMAGE),
    ("LayerNorm(8)",),
    ("Conv2d(3, 32, 3)", IMAGE),
    ("Conv2d(3, 6, 5)", IMAGE),
    ("GroupNorm(3, 3)", IMAGE),
    ("y, _ = (x, x, x) -> MultiheadAttention(8, 4, batch_first=true)\nx = y", SEQUENCE),
    ("y, _ = x -> LSTM(8, 32, batch_first=true)\nx = y", SEQUENCE),
    ("TransformerEncoderLayer(8, 2, batch_first=true)", SEQUENCE),
)
def test_an_argument_that_is_the_inferred_size(body, given):
    assert [each[:6] for each in told(net(body, given))] == ["TN1020"]


@cases(
    ("Conv2d(3, 3, padding=1)", IMAGE),
    ("Conv2d(3, 4, 2)", IMAGE),
    ("Conv2d(3, 4, 4)", IMAGE),
    ("Conv2d(3, 7, 2)", IMAGE),
    ("Conv2d(16, 8, 8)", IMAGE),
    ("BatchNorm2d(1e-3)", IMAGE),
    ("GroupNorm(3)", IMAGE),
    ("PReLU(3)", IMAGE),
    ("Linear(8)",),
    ("Linear(8, false)",),
    ("y, _ = x -> LSTM(8, 2, batch_first=true)\nx = y", SEQUENCE),
    ("TransformerEncoderLayer(2, 64, batch_first=true)", SEQUENCE),
    ("y, _ = (x, x, x) -> MultiheadAttention(8, 0.1, batch_first=true)\nx = y", SEQUENCE),
)
def test_arguments_that_happen_to_be_like_the_size(body, given):
    assert told(net(body, given)) == []


@cases(("Softmax",), ("log_softmax",), ("x = softmin(x)",))
def test_a_softmax_without_dim(body, given, recwarn):
    assert [each[:6] for each in told(net(body, given))] == ["TN1021"]
    assert not recwarn.list


@cases(("Softmax(1)",), ("softmax(-1)",), ("x = x.softmax(-1)",), ("Softmax2d", IMAGE), ("softmax(dim=1)",))
def test_a_softmax_with_a_dim(body, given):
    assert told(net(body, given)) == []


def test_the_help_leaves_out_the_inferred_argument():
    [warning] = found(net("GroupNorm(3, 3)", IMAGE))
    assert warning.help == "write `GroupNorm(3)`" and warning.span.text == "3"


def test_sizes_asked_for_are_no_unused_results():
    assert told(net("x = x.view(x.size(0), -1, x.numel() // x.size(0))")) == []
