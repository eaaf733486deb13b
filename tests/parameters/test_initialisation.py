"""First values: the functions of torch.nn.init on streams of their own, constructors' defaults, each drawn once."""

import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from specs_by_hand import NET, built, class_of, faults, table_of
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tnet.parameters import build, stream_key
from tnet.parameters.initializers import init_functions

LINEAR = "net A(x: float[N, 6]) { first: Linear(5) -> relu; head: Linear(5) }"


def drawn(name, function, shape, seed=0, **kwargs):
    """What PyTorch gives at the start of the stream of `name`."""
    tensor = torch.empty(shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_key(seed, name))
        return function(tensor, **kwargs)


@pytest.mark.parametrize(
    ("text", "function", "kwargs"),
    [
        ("uniform(-1, 2)", nn.init.uniform_, {"a": -1, "b": 2}),
        ("uniform", nn.init.uniform_, {}),
        ("normal(std=0.1)", nn.init.normal_, {"std": 0.1}),
        ("trunc_normal(std=0.5, a=-1, b=1)", nn.init.trunc_normal_, {"std": 0.5, "a": -1.0, "b": 1.0}),
        ("constant(0.3)", nn.init.constant_, {"val": 0.3}),
        ("ones", nn.init.ones_, {}),
        ("zeros()", nn.init.zeros_, {}),
        ("eye", nn.init.eye_, {}),
        ("xavier_uniform(gain=calculate_gain(\"relu\"))", nn.init.xavier_uniform_, {"gain": math.sqrt(2)}),
        ("xavier_normal", nn.init.xavier_normal_, {}),
        ("kaiming_uniform(a=0.1)", nn.init.kaiming_uniform_, {"a": 0.1}),
        ("kaiming_normal(mode=\"fan_out\", nonlinearity=\"relu\")", nn.init.kaiming_normal_,
         {"mode": "fan_out", "nonlinearity": "relu"}),
        ("orthogonal(2)", nn.init.orthogonal_, {"gain": 2}),
        ("sparse(0.4)", nn.init.sparse_, {"sparsity": 0.4}),
        ("normal(std=sqrt(2 / fan_out))", nn.init.normal_, {"std": math.sqrt(2 / 5)}),
        ("normal(mean=fan_in, std=shape[1])", nn.init.normal_, {"mean": 5, "std": 5}),
        ("0.25", nn.init.constant_, {"val": 0.25}),
        ("-2", nn.init.constant_, {"val": -2}),
    ],
)  # fmt: skip
def test_a_function_of_torch_draws_from_the_stream_of_the_parameters_name(text, function, kwargs):
    """I1, I2; I3: the gain of a nonlinearity; I5: a formula of the fan."""
    model = built(f"head.weight {{ init = {text} }}", LINEAR, seed=7)
    assert torch.equal(model.head.weight, drawn("head.weight", function, (5, 5), 7, **kwargs))


def test_dirac_and_every_function_is_known():
    model = built("Conv2d.weight { init = dirac(2) }", "net A(x: float[N, 4, 3, 3]) { c: Conv2d(4, 3) }")
    assert torch.equal(model.c.weight, nn.init.dirac_(torch.empty(4, 4, 3, 3), 2))
    in_torch = {name[:-1] for name in dir(nn.init) if name.endswith("_") and not name.startswith("_")}
    assert set(init_functions()) == in_torch


def test_by_kind_of_layer():
    """I4: conv weights by fan-out, norms one and zero, linear xavier, biases zero."""
    rules = """Conv2d.weight { init = kaiming_normal(mode="fan_out", nonlinearity="relu") }
    :norm { init = 1 }
    Linear.weight { init = xavier_uniform }
    :bias { init = zeros }"""
    model = built(rules, "net A(x: float[N, 3, 8, 8]) { c: Conv2d(4, 3) -> n: BatchNorm2d; flatten(1); h: Linear(5) }")
    kaiming = drawn("c.weight", nn.init.kaiming_normal_, (4, 3, 3, 3), mode="fan_out", nonlinearity="relu")
    assert torch.equal(model.c.weight, kaiming)
    assert torch.equal(model.h.weight, drawn("h.weight", nn.init.xavier_uniform_, (5, 144)))
    assert bool((model.n.weight == 1).all())
    assert not any(each.any() for each in (model.c.bias, model.n.bias, model.h.bias))


def test_a_tensor_of_a_file(tmp_path, monkeypatch):
    """M10: a filter, a tensor, given values."""
    monkeypatch.chdir(tmp_path)
    weight = torch.randn(5, 5)
    save_file({"filter": weight, "short": weight[0].clone()}, tmp_path / "w.safetensors")
    assert torch.equal(built('head.weight { init = file("w.safetensors", "filter") }', LINEAR).head.weight, weight)
    assert torch.equal(built('head.bias { init = file("w.safetensors", "short") }', LINEAR).head.bias, weight[0])
    (tmp_path / "no.safetensors").write_text("no")

    def told(value):
        return faults(f"head.weight {{ init = {value} }}", net=LINEAR)[0].partition(" | looked")[0]

    assert told('file("w.safetensors", "filtr")') == (
        'error TN0605 ["filtr"] `w.safetensors` has no tensor `filtr` | did you mean `filter`?'
    )
    assert told('file("w.safetensors", "short")').startswith(
        'error TN0604 [file("w.safetensors", "short")] `file("w.safetensors", "short")` cannot initialise '
        "`head.weight` [5, 5]: the tensor in the file has shape [5]"
    )
    assert told('file("v.safetensors", "k")') == 'error TN0902 ["v.safetensors"] no file `v.safetensors`'
    assert told('file("no.safetensors", "k")').startswith('error TN0902 ["no.safetensors"] `no.safetensors` is no')
    assert told('file(key="k", name="../w.safetensors")').startswith('error TN0304 ["../w.safetensors"]')


def test_a_nested_list_is_the_values():
    """M10"""
    model = built("head.weight { init = [[1, 2, 3]] }", "net A(x: float[N, 3]) { head: Linear(1) }")
    assert model.head.weight.tolist() == [[1.0, 2.0, 3.0]]


def test_default_takes_an_earlier_rule_back():
    with_rules = built("* { init = zeros }\n* { init = default }").state_dict()
    assert all(torch.equal(value, with_rules[name]) for name, value in built().state_dict().items())


def test_without_a_rule_a_parameter_has_what_its_layers_constructor_gives_it():
    model = built(net=LINEAR, seed=3)
    bound = math.sqrt(1 / 6)
    assert torch.equal(model.first.weight, drawn("first.weight", nn.init.kaiming_uniform_, (5, 6), 3, a=math.sqrt(5)))
    assert torch.equal(model.first.bias, drawn("first.bias", nn.init.uniform_, (5,), 3, a=-bound, b=bound))


@pytest.mark.parametrize(
    ("step", "cls", "arguments"),
    [
        ("y = x -> layer: Linear(600)", nn.Linear, (64, 600)),
        ("y, _ = (x, x, x) -> layer: MultiheadAttention(8)", nn.MultiheadAttention, (64, 8)),
        ("y, _ = x -> layer: LSTM(150)", nn.LSTM, (64, 150)),
        ("y = x -> layer: LayerNorm", nn.LayerNorm, (64,)),
        ("y = (x, x) -> layer: Bilinear(600)", nn.Bilinear, (64, 64, 600)),
    ],
)
def test_the_constructors_distributions_are_kept(step, cls, arguments):
    model = built(net=f"net A(x: float[N, 5, 64]) {{ {step}\n return y }}")
    torch.manual_seed(0)
    for (name, ours), (_, theirs) in zip(
        model.layer.named_parameters(), cls(*arguments).named_parameters(), strict=True
    ):
        assert ours.shape == theirs.shape
        assert ours.abs().max().item() == pytest.approx(theirs.abs().max().item(), rel=0.02), name
        assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.05), name


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 8, padding_idx=2)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)


def test_a_layer_that_computes_with_its_draws_is_constructed_from_a_stream_of_its_own_name():
    net = "net A(x: int[N, 5]) { embed: Embedding(9, 8, padding_idx=2)\n"
    net += "encoder: TransformerEncoder(TransformerEncoderLayer(2, 16, batch_first=true), 2) }"
    table = table_of("TransformerEncoder.layers.0 { init = 0.5 }", net=net)
    plain = table_of("", net=net)
    model = build(Encoder, plain.net, plain, 5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream_key(5, "embed"))
        assert torch.equal(model.embed.weight, nn.Embedding(9, 8, padding_idx=2).weight)
        torch.manual_seed(stream_key(5, "encoder"))
        encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    ours = model.encoder.state_dict()
    assert all(torch.equal(value, ours[name]) for name, value in encoder.state_dict().items())
    ruled = build(Encoder, table.net, table, 5).encoder.state_dict()
    for name, value in encoder.state_dict().items():
        assert torch.equal(ruled[name], torch.full_like(value, 0.5) if name.startswith("layers.0.") else value), name


def test_a_declared_parameter_draws_its_default_from_the_stream_of_its_name():
    assert torch.equal(built(seed=2).scale, drawn("scale", nn.init.normal_, (1, 6), 2, std=0.5))
    net = "net A(x: float[N, 3]) { parameter v: float[3] = trunc_normal(std=0.5); x = x * v }"
    assert torch.equal(built(net=net).v, drawn("v", nn.init.trunc_normal_, (3,), std=0.5))
    assert torch.equal(built("v { init = zeros }", net).v, torch.zeros(3))


def test_a_random_expression_draws_from_the_stream_of_the_name_it_declares():
    net = "block B() {\n parameter w: float[3] = randn(3) * 0.5\n buffer m: float[3] = rand(3) + 1\n x = x * w + m }\n"
    net += "net A(x: float[N, 3]) { b: repeat 2 { B } }"
    model = built(net=net, seed=4)
    with torch.random.fork_rng(devices=[]):
        for i in ("0", "1"):
            torch.manual_seed(stream_key(4, f"b.{i}.w"))
            assert torch.equal(model.get_parameter(f"b.{i}.w"), torch.randn(3) * 0.5)
            torch.manual_seed(stream_key(4, f"b.{i}.m"))
            assert torch.equal(model.get_buffer(f"b.{i}.m"), torch.rand(3) + 1)


class Odd(nn.Module):
    """Draws into a buffer and a plain attribute while it is constructed."""

    def __init__(self):
        super().__init__()
        self.register_buffer("noise", torch.empty(5).normal_())
        self.plain = torch.full((5,), 9.0).uniform_()
        self.weight = nn.Parameter(torch.zeros(2, 2).uniform_(1, 2))


def test_draws_that_are_no_parameters_are_made_too():
    table = table_of("", net="net A(x: float[N, 2]) { parameter weight: float[2, 2] = zeros; x = x @ weight }")
    table.net.root.parameters["weight"] = replace(table.net.root.parameters["weight"], init=None)
    odd = build(Odd, table.net, table, 6)
    assert torch.equal(odd.noise, drawn("noise", torch.Tensor.normal_, (5,), 6))
    assert torch.equal(odd.weight, drawn("weight", torch.Tensor.uniform_, (2, 2), 6, **{"from": 1, "to": 2}))
    assert ((odd.plain >= 0) & (odd.plain < 1)).all()


def test_what_is_said_of_one_parameter_changes_no_other():
    plain, ruled = built().state_dict(), built("Linear.weight, Conv2d.bias { init = zeros }").state_dict()
    changed = {name for name in plain if not torch.equal(plain[name], ruled[name])}
    rule = table_of("Linear.weight, Conv2d.bias { lr = 1 }")
    assert changed == set(rule.matched(rule.rules[0]))


def test_another_layer_changes_no_other():
    more = NET.replace("head: Linear(4)", "extra: Linear(12) -> relu; head: Linear(4)")
    plain, extended = built().state_dict(), built(net=more).state_dict()
    assert all(torch.equal(value, extended[name]) for name, value in plain.items())
    assert len(extended) == len(plain) + 2


def test_the_seed_decides():
    first, again, other = (built(net=LINEAR, seed=seed).head.weight for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_the_global_random_state_is_untouched():
    rules = (
        "Linear.weight { init = sparse(0.5) }\nConv2d.weight { init = orthogonal }\n:embedding { init = trunc_normal }"
    )
    net = NET + "\nblock Unused() { Linear(1) }"
    torch.manual_seed(0)
    before = torch.get_rng_state()
    built(rules, net)
    assert torch.equal(before, torch.get_rng_state())


class CountDraws(TorchDispatchMode):
    """Counts the elements that the random kernels of PyTorch fill."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.__name__.partition(".")[0] in ("normal_", "uniform_", "bernoulli_", "random_"):
            self.elements += args[0].numel()
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "rules", ["", "Linear.weight { init = normal }\nConv2d { init = uniform }\nConv2d { init = normal }"]
)
def test_each_parameter_is_drawn_once(rules):
    net = "net A(x: float[N, 3, 8, 8]) { conv: Conv2d(4, 3) -> norm: BatchNorm2d -> flatten(1); fc: Linear(7)\n"
    net += "y, _ = (x, x, x) -> attention: MultiheadAttention(1)\n return y }"
    table = table_of(rules, net=net)
    random = [
        "conv.weight",
        "conv.bias",
        "fc.weight",
        "fc.bias",
        "attention.in_proj_weight",
        "attention.out_proj.weight",
    ]
    with CountDraws() as draws:
        model = build(class_of(table.net), table.net, table, 0)
    assert draws.elements == sum(model.get_parameter(name).numel() for name in random)


def test_buffers_and_constants_are_the_constructors():
    model = built(net="net A(x: float[N, 3, 8, 8]) { BatchNorm2d -> GroupNorm(3) -> PReLU }")
    state = {name: value.flatten().tolist() for name, value in model.state_dict().items()}
    assert state["batchnorm2d.running_var" if "batchnorm2d.running_var" in state else "0.running_var"] == [1.0] * 3
    assert [value for name, value in state.items() if "weight" in name] == [[1.0] * 3, [1.0] * 3, [0.25]]


def test_large_tensors_are_the_same_whatever_the_number_of_threads():
    net = "net A(x: float[N, 400]) { a: Linear(400) -> Linear(401) -> Linear(402) }"
    threads = torch.get_num_threads()
    try:
        states = []
        for number in (1, 2):
            torch.set_num_threads(number)
            states.append(built("a.weight { init = normal }", net).state_dict())
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("kaimin_normal", "error TN0605 [kaimin_normal] torch.nn.init has no function `kaimin_normal` | "
         "did you mean `kaiming_normal`?"),
        ("zeros_", "error TN0605 [zeros_] torch.nn.init has no function `zeros_` | write `zeros`"),
        ("normal(sdt=1)", "error TN0605 [sdt] `normal` has no argument `sdt` | did you mean `std`?"),
        ("normal(0, 1, 2)", "error TN0605 [2] `normal` takes at most 2 arguments without a name"),
        ("normal(0, mean=1)", "error TN0605 [1] `mean` of `normal` is given twice"),
        ("normal(std=\"a\")", "error TN0605 [\"a\"] `std` of `normal` is a number, found \"a\""),
        ("normal(std=-1)", "error TN0605 [-1] `std` of `normal` is at least 0, found -1"),
        ("trunc_normal(std=0)", "error TN0605 [0] `std` of `trunc_normal` is above 0, found 0"),
        ("uniform(2, 1)", "error TN0605 [1] `b` of `uniform` is at least `a`, found 1"),
        ("sparse(1.5)", "error TN0605 [1.5] `sparsity` of `sparse` is between 0 and 1, found 1.5"),
        ("sparse", "error TN0605 [sparse] `sparse` needs `sparsity`"),
        ("kaiming_normal(mode=\"fan\")", "error TN0605 [\"fan\"] `mode` of `kaiming_normal` is one of "
         "\"fan_in\", \"fan_out\", found \"fan\""),
        ("true", "error TN0605 [true] true initialises nothing | "
         "write a function of torch.nn.init, a number, a nested list, `file(…)` or `default`"),
        ("[1, [2]]", "error TN0605 [[1, [2]]] a list that initialises holds numbers, and inner lists of one length"),
        ("file(\"w.safetensors\")", "error TN0605 [file(\"w.safetensors\")] `file` needs `key`"),
        ("dirac", "error TN0604 [dirac] `dirac` cannot initialise `head.weight` [5, 5]: only tensors with 3, 4, or 5 "
         "dimensions are supported | select what it suits, as with a further part `*.weight` in the selector"),
        ("[1, 2]", "error TN0604 [[1, 2]] `[1, 2]` cannot initialise `head.weight` [5, 5]: the list has shape [2] | "
         "select what it suits, as with a further part `*.weight` in the selector"),
    ],
)  # fmt: skip
def test_wrong_values(text, fault):
    assert faults(f"head.weight {{ init = {text} }}", net=LINEAR) == [fault]


def test_a_fan_needs_two_dimensions():
    assert faults("head { init = normal(std=fan_in ** -0.5) }", net=LINEAR) == [
        "error TN0604 [normal(std=fan_in ** -0.5)] `head.bias` [5] has no `fan_in` or `fan_out`, which need two "
        "dimensions"
    ]
    assert not faults("head { init = normal(std=fan_in ** -0.5) if len(shape) > 1 else zeros }", net=LINEAR)
