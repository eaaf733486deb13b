"""What statements mean: the submodules, parameters and outputs that small nets come out with."""

from __future__ import annotations

import pytest

from tnet.compiler import compile_spec
from tnet.ir.sites import modules, parameters
from tnet.source import Source


def net_of(text, **hypers):
    compilation = compile_spec(Source("spec", text), hypers)
    assert compilation.ok, compilation.diagnostics
    return compilation.program.net()


def children(net):
    return [site.path for site in modules(net.root) if site.path]


def outputs(net):
    return [str(type_) for _, type_ in net.outputs]


NAMES = [
    ("Conv1d(4, 1); Conv1d(4, 1); c: Conv1d(4, 1)", ["conv1d", "conv1d_1", "c"]),
    ("g: { Linear(4); relu; Linear(4) }", ["g", "g.0", "g.1"]),
    ("g: { a: Linear(4); Linear(4) }", ["g", "g.a", "g.linear"]),
    ("g: { Linear(4); { b: Linear(4) } }", ["g", "g.0", "g.1", "g.1.b"]),
    ("{ Linear(4) }; { Linear(4) }", ["group", "group.0", "group_1", "group_1.0"]),
    ("l: repeat 2 { Linear(4) }", ["l", "l.0", "l.1"]),
    ("l: repeat 2 { Linear(4); ReLU }", ["l", "l.0", "l.0.0", "l.0.1", "l.1", "l.1.0", "l.1.1"]),
    ("repeat 2 { a: Linear(4) }", ["repeat", "repeat.0", "repeat.0.a", "repeat.1", "repeat.1.a"]),
    ("repeat 3 shared { Linear(4); relu }", ["linear"]),
    ("l: repeat 3 shared { Linear(4); relu }", ["l", "l.0"]),
    ('for i in range(2) { "l{i}": Linear(4) }; "l{0}"; l1', ["l0", "l1"]),
    ("for i in range(2) { shared s: Linear(4) }", ["s"]),
    ("Linear(4); linear: Linear(4)", ["linear_1", "linear"]),
    ("x = (x -> a: Linear(4)) + (x -> b: Linear(4) -> c: Linear(4))", ["a", "b", "c"]),
]


@pytest.mark.parametrize(("body", "expected"), NAMES, ids=[body for body, _ in NAMES])
def test_names_of_submodules(body, expected):
    assert children(net_of(f"net A(v: float[N, 4, 4]) {{ {body} }}")) == expected


OUTPUTS = [
    ("B, T, C = x.shape; x = x.view(B * T, C); Linear(3 * C); x = x.view(B, T, 3, C).unbind(2)[0]", ["float32[N, T, 4]"]),  # noqa: E501
    ("x = x[:, 1:, ::2]", ["float32[N, T - 1, 2]"]),
    ("x = x[..., none, 0]", ["float32[N, T, 1]"]),
    ("a, b = x.chunk(2, dim=2); return a, b", ["float32[N, T, 2]", "float32[N, T, 2]"]),
    ("y, (h, c) = x -> LSTM(3, batch_first=true); return y, h, c",
     ["float32[N, T, 3]", "float32[1, N, 3]", "float32[1, N, 3]"]),
    ("x[:, 0] = 0.0; x[:, 1] += 1", ["float32[N, T, 4]"]),
    ("x = -x ** 2 / 3 // 1 % 5 @ ones(4, 6)", ["float32[N, T, 6]"]),
    ("x = (x > 0) & ~(x == 1)", ["bool[N, T, 4]"]),
    ("x = x.T if x.ndim == 2 else x.mT", ["float32[N, 4, T]"]),
    ('x = einsum("ntc,nsc->nts", x, x)', ["float32[N, T, T]"]),
    ("rearrange(\"n t (h c) -> n h t c\", h=2)", ["float32[N, 2, T, 2]"]),
    ("skips = []; for i in range(3) { Linear(2 ** i); skips += [x] }; x = cat(skips, dim=-1)", ["float32[N, T, 7]"]),
    ("x, all = x -> l: repeat 3 { Linear(4); return x, x.mean(dim=1) }; return stack(all, dim=1)", ["float32[N, 3, 4]"]),  # noqa: E501
    ("y, _ = (x, x, x, need_weights=false) -> MultiheadAttention(2, batch_first=true); return y", ["float32[N, T, 4]"]),
    ("x = linalg.norm(x, dim=-1)", ["float32[N, T]"]),
    ("x = x.float().argmax(dim=-1)", ["int64[N, T]"]),
    ("parameter s: float[4] = ones; buffer b: float[4] = arange(4).float(); x = x * s + b", ["float32[N, T, 4]"]),
    ("e: Linear(4); x = linear(x, e.weight)", ["float32[N, T, 4]"]),
    ("h = x; g: { y = x + h; Linear(2); x = cat([x, y], dim=-1) }", ["float32[N, T, 6]"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), OUTPUTS, ids=[body for body, _ in OUTPUTS])
def test_types_of_outputs(body, expected):
    assert outputs(net_of(f"net A(v: float[N, T=6, 4]) {{ {body} }}")) == expected


def test_layers_are_values():
    text = """
    Norm = LayerNorm(eps=1e-6)
    def pick(fast) = ReLU if fast else GELU
    block B(width, act=GELU, norm=Norm, f=relu) { Linear(width); norm; act; f; pick(true) }
    net A(v: float[N, 4]) { B(8); B(4, act=SiLU, f=tanh, norm=Identity) }
    """
    net = net_of(text)
    classes = [site.cls.__name__ for site in modules(net.root) if site.cls]
    assert classes == ["Linear", "LayerNorm", "GELU", "ReLU", "Linear", "Identity", "SiLU", "ReLU"]
    norm = next(site.node for site in modules(net.root) if site.path == "b.layernorm")
    assert {each.name: each.value for each in norm.arguments} == {"normalized_shape": 8, "eps": 1e-6}


def test_blocks_take_inputs_by_keyword_and_default():
    text = """
    block Add(scale=1.0)(a, b, c=none) { x = scale * a + b; if c != none { x += c } }
    net A(v: float[N, 4], w: float[N, 4]) { y = (v, w) -> Add; z = (v, b=w, c=v) -> Add(2.0); return y, z }
    """
    assert outputs(net_of(text)) == ["float32[N, 4]", "float32[N, 4]"]


def test_hyper_parameters_replace_defaults():
    text = "hyper depth = 2 in [1, 2, 3]\nnet A(v: float[N, 4]) { l: repeat depth { Linear(4) } }"
    assert len(list(parameters(net_of(text).root))) == 4
    assert len(list(parameters(net_of(text, depth=3).root))) == 6
    refused = compile_spec(Source("spec", text), {"depth": 4})
    assert [each.code for each in refused.diagnostics] == ["TN0304"]


def test_import_of_another_spec(tmp_path):
    (tmp_path / "blocks.tnet").write_text(
        "hyper width = 8\nblock Wide() { Linear(width) }\nsizes = [width, 2 * width]\n"
    )
    path = tmp_path / "main.tnet"
    path.write_text(
        'from "blocks.tnet" with width=16 import Wide as W, sizes\n'
        "net A(v: float[N, 4]) -> float[N, 32] { W; Linear(sizes[1]) }\n"
    )
    compilation = compile_spec(Source(str(path), path.read_text(), path))
    assert compilation.ok, compilation.diagnostics
    assert outputs(compilation.program.net()) == ["float32[N, 32]"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('from "../outside.tnet" import B', "TN0902"),
        ('from "/etc/passwd" import B', "TN0902"),
        ('from "missing.tnet" import B', "TN0902"),
        ('from "self.tnet" import B', "TN0503"),
    ],
)
def test_refused_imports(tmp_path, text, code):
    path = tmp_path / "self.tnet"
    path.write_text(f"{text}\nnet A(v: float[N, 4]) {{ B }}\n")
    assert [each.code for each in compile_spec(Source(str(path), path.read_text(), path)).diagnostics] == [code]


def test_a_layer_applied_twice_is_one_submodule():
    net = net_of(
        "net S(a: float[N, 4], b: float[N, 4]) { u = a -> enc: { Linear(8); ReLU }; v = b -> enc; return u, v }"
    )
    assert [node.target for node in net.root.nodes] == ["enc", "enc"]
    assert [site.name for site in parameters(net.root)] == ["enc.0.weight", "enc.0.bias"]


def test_applied_again_with_other_parameters_is_an_error():
    text = "net S(v: float[N, 4]) { enc: { Linear(8) }; enc }"
    (fault,) = compile_spec(Source("spec", text)).diagnostics
    assert fault.code == "TN0401"
    assert "`0.weight`" in fault.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("net A(v: float[N, 4]) { repeat 10 ** 9 { Linear(4) } }", "TN0901"),
        ("net A(v: float[N, 4]) { Linear(10 ** 12) }", "TN0901"),
        ("net A(v: float[N, 4]) { for i in range(10 ** 6) { for j in range(10 ** 6) { y = i } } }", "TN0901"),
        ('a = "xxxxxxxx" * 10 ** 7', "TN0901"),
    ],
)
def test_limits(text, code):
    assert [each.code for each in compile_spec(Source("spec", text)).diagnostics] == [code]


@pytest.mark.parametrize("operator", ["+", "*", "or", "and"])
def test_a_long_chain_of_operators(operator):
    one = "1" if operator in "+*" else "true"
    text = f"a = {f' {operator} '.join([one] * 3000)}\nnet A(v: float[N, 4]) {{ Linear(int(a)) }}"
    width = {"+": 3000, "*": 1, "or": 1, "and": 1}[operator]
    assert outputs(net_of(text)) == [f"float32[N, {width}]"]


def test_a_long_chain_of_methods_is_a_diagnostic_at_worst():
    text = f"net A(v: float[N, 4]) {{ x = v{'.abs()' * 3000} }}"
    assert [each.code for each in compile_spec(Source("spec", text)).diagnostics] in ([], ["TN0901"])
