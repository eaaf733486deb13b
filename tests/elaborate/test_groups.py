"""What groups read of the body around them."""

from __future__ import annotations

from tnet.compiler import compile_spec
from tnet.source import Source


def group(text):
    compilation = compile_spec(Source("spec", f"net A(v: float[N, 4, H, W]) {{ {text} }}"))
    assert compilation.ok, compilation.diagnostics
    root = compilation.program.net().root
    return root.children["inner"], next(node for node in root.nodes if node.target == "inner")


def test_a_tensor_that_a_group_reads_is_its_input():
    module, node = group("skip = x; inner: { Conv2d(4, 1); x += skip }")
    assert [value.name for value in module.inputs] == ["x", "skip"]
    assert len(node.args) == 2


def test_a_tensor_asked_only_for_its_shape_is_no_input():
    module, node = group("skip = x; inner: { Conv2d(2 * skip.shape[1], 1); x = x.view(N, -1) }")
    assert [value.name for value in module.inputs] == ["x"]
    assert len(node.args) == 1


def test_a_tensor_that_alone_has_a_needed_size_stays():
    module, _ = group("skip = x; Flatten; inner: { x = x.view(skip.shape[0], skip.shape[1], skip.shape[2], -1) }")
    assert [value.name for value in module.inputs] == ["x", "skip"]


def test_a_size_asked_for_by_name_comes_with_a_tensor_that_has_it():
    module, node = group("Conv2d(4, 1, stride=2); inner: repeat 2 { interpolate(size=[H, W]); relu }; relu")
    assert [value.name for value in module.inputs] == ["x", "v"] and len(node.args) == 2
    module, node = group("inner: { Conv2d(4, 1, stride=2); interpolate(size=[H, W]) }")
    assert [value.name for value in module.inputs] == ["x"]


def test_copies_of_a_repeat_pass_on_only_what_is_read():
    module, _ = group("skip = x; inner: repeat 2 { Conv2d(skip.shape[1], 1); relu }")
    assert [len(each.inputs) for each in (module, *module.children.values())] == [1, 1, 1]


def test_a_shared_repeat_goes_round_with_the_same_submodules():
    text = "net A(v: float[N, 4]) { repeat 3 shared { again: Linear(4) -> ReLU; LayerNorm; ReLU } }"
    root = compile_spec(Source("spec", text)).program.net().root
    assert [node.target for node in root.nodes] == 3 * ["again", "relu", "layernorm", "relu_1"]
    assert list(root.children) == ["again", "relu", "layernorm", "relu_1"]
