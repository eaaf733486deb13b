"""The tensor techniques, as a spec says them: equal to PyTorch to the bit, at two sizes of what is symbolic."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch
import torch.nn.functional as F

from tnet.compiler import compile_spec
from tnet.ir.types import TensorType
from tnet.source import Source
from tnet.spec import Spec

IMAGE, MATRIX = "v: float[N, 3, 4, 6]", "v: float[N, 4]"


def sample(kind: TensorType, sizes) -> torch.Tensor:
    shape = [dim if isinstance(dim, int) else int(dim.xreplace(sizes)) for dim in kind.dims]
    dtype = getattr(torch, kind.dtype)
    return torch.randn(shape, dtype=dtype) if dtype.is_floating_point else torch.randint(0, 4, shape).to(dtype)


def equal(left, right) -> bool:
    if isinstance(right, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    if isinstance(right, (tuple, list)):
        return len(left) == len(right) and all(map(equal, left, right))
    return left == right


def fits(types, values, sizes) -> bool:
    """Whether values have the inferred types; a size that depends on data may be any."""
    if isinstance(types, TensorType):
        known = [dim if isinstance(dim, int) else dim.xreplace(sizes) for dim in types.dims]
        same = all(dim == size for dim, size in zip(known, values.shape, strict=True) if not getattr(dim, "args", 0))
        return f"torch.{types.dtype}" == str(values.dtype) and (same or "?" in str(known))
    return all(fits(kind, value, sizes) for kind, value in zip(types, values, strict=True))


def check(inputs: str, body: str, python) -> None:
    """The net of a body gives what a Python function of its inputs gives."""
    spec = Spec(Source("spec", f"net A({inputs}) {{ {body} }}"))
    assert not [each for each in spec.check() if each.severity == "error"], (body, spec.check())
    model, net = spec.model_class()(), spec.program.net()
    types = [kind for _, kind in net.outputs]
    for size in (2, 5):
        sizes = {sympy.Symbol(name, positive=True, integer=True): sympy.Integer(size) for name in net.symbols}
        torch.manual_seed(size)
        given = [sample(value.type, sizes) for value in net.root.inputs]
        torch.manual_seed(1)
        mine = model(*(each.clone() for each in given))
        torch.manual_seed(1)
        theirs = python(*given)
        assert equal(mine, theirs), body
        assert fits(types if isinstance(theirs, (tuple, list)) else types[0], mine, sizes), body


def refused(body: str, inputs: str = IMAGE) -> str:
    """The message for a body that is wrong."""
    (problem,) = compile_spec(Source("spec", f"net A({inputs}) {{ {body} }}")).diagnostics
    return problem.message


def everyway(inputs: str, name: str, args: str, python, ways: str = "step method call") -> None:
    """A function as a step, as a method and as a call in an expression."""
    text = {
        "step": f"{name}({args})",
        "method": f"x = x.{name}({args})",
        "call": f"x = {name}(x, {args})" if args else f"x = {name}(x)",
    }
    for way in ways.split():
        check(inputs, text[way], python)


def test_t1_type_size_and_number_of_dims():
    """T1: what is known of a tensor chooses code; a stated shape is checked."""
    check(IMAGE, "N2, C, H, W = x.shape; shape [N2, 3, H, 6]; x = x.reshape(N2, C * H, W)", lambda v: v.flatten(1, 2))
    check(IMAGE, "if x.ndim == 4 and x.dtype == float32 { flatten(1) }", lambda v: v.flatten(1))
    check(IMAGE, "x = x * x.size(1) + x.dim() + x.numel()", lambda v: v * 3 + 4 + v.numel())
    assert "dim 1 is 3, not 4" in refused("shape [N, 4, _, _]")


def test_t2_named_dimensions():
    """T2: dims have names in types, and einops' patterns name them."""
    check(IMAGE, 'rearrange("n c h w -> n (h w) c")', lambda v: v.flatten(2).transpose(1, 2))
    check(IMAGE, 'reduce("n c (h 2) w -> n c h w", "max")', lambda v: v.reshape(-1, 3, 2, 2, 6).amax(3))
    check(IMAGE, 'x = repeat(x, "n c h w -> n c h w k", k=2)', lambda v: torch.stack([v, v], -1))


def test_t3_conversions():
    """T3: dtypes by method, by `to`, by another tensor's; inputs by their types."""
    for name in ("long", "half", "double", "int", "bool", "bfloat16"):
        check(IMAGE, f"x = x.{name}()", lambda v, name=name: getattr(v, name)())
    check("v: int[N, 3], w: float[N, 3]", "x = x.type_as(w) + x.to(float64)", lambda v, w: v.type_as(w) + v.double())
    assert "devices are for `train`" in refused('x = x.to("cuda")')
    assert "devices are for `train`" in refused("x = x.cuda()")


def test_t4_arrays_in_and_out(tmp_path, monkeypatch):
    """T4: arrays come in through the data section and go out of a batch."""
    monkeypatch.chdir(tmp_path)
    values = np.arange(24, dtype=np.float32).reshape(6, 4)
    np.savez("rows.npz", rows=values, target=np.arange(6))
    text = 'net A(rows: float[N, 4]) -> float[N, 4] { x = x + 1 }\ndata { train = Tensors("rows.npz") }'
    spec = Spec(Source("spec", text))
    batch = next(iter(spec.data().train))
    (row,) = np.argwhere((values == batch["rows"].numpy()[0]).all(1))[0]
    assert np.array_equal(spec.model()(batch["rows"]).numpy()[0], values[row] + 1)


def test_t5_shapes():
    """T5: reshape, view, flatten, permute, transpose, squeeze, unsqueeze, expand, repeat."""
    everyway(IMAGE, "flatten", "1", lambda v: v.flatten(1))
    everyway(IMAGE, "reshape", "[-1, 12]", lambda v: v.reshape(-1, 12))
    everyway(IMAGE, "view", "-1, 3, 24", lambda v: v.view(-1, 3, 24), "step method")
    everyway(IMAGE, "permute", "[0, 2, 3, 1]", lambda v: v.permute(0, 2, 3, 1))
    everyway(IMAGE, "permute", "0, 2, 3, 1", lambda v: v.permute(0, 2, 3, 1), "step method")
    everyway(IMAGE, "transpose", "1, 2", lambda v: v.transpose(1, 2))
    everyway(IMAGE, "unsqueeze", "1", lambda v: v.unsqueeze(1))
    everyway("v: float[N, 1, 4]", "squeeze", "1", lambda v: v.squeeze(1))
    everyway("v: float[N, 1]", "expand", "-1, 5", lambda v: v.expand(-1, 5), "step method")
    everyway(MATRIX, "repeat", "2, 3", lambda v: v.repeat(2, 3), "method")
    everyway(MATRIX, "tile", "[2, 3]", lambda v: v.tile([2, 3]))
    everyway(MATRIX, "movedim", "0, 1", lambda v: v.movedim(0, 1))


def test_t6_shuffle():
    """T6: along a dim, by a random permutation of its indices."""
    check(MATRIX, "x = x[randperm(x.shape[0])]", lambda v: v[torch.randperm(v.shape[0])])


def test_t7_horizontal_flip():
    """T7: by `flip`, or by an index of falling numbers."""
    everyway(IMAGE, "flip", "[3]", lambda v: v.flip(3))
    check(IMAGE, "x = x[:, :, :, arange(5, -1, -1)]", lambda v: v.flip(3))


def test_t8_clone_and_detach():
    """T8: detached values get no gradient through."""
    check(IMAGE, "x = x.clone() + x.detach()", lambda v: v + v)
    check(IMAGE, "clone; detach", lambda v: v)
    spec = Spec(Source("spec", "net A(v: float[N, 3]) { y = x.detach(); x = (x * y).sum() }"))
    v = torch.randn(2, 3, requires_grad=True)
    spec.model_class()()(v).backward()
    assert torch.equal(v.grad, v.detach())


def test_t9_joining_and_splitting():
    """T9: cat, stack, chunk, split, unbind, in lists and by name."""
    check(IMAGE, "x = cat([x, x * 2], dim=1)", lambda v: torch.cat([v, v * 2], 1))
    check(IMAGE, "x = [x, x * 2] -> stack(dim=0)", lambda v: torch.stack([v, v * 2]))
    check(IMAGE, "a, b = x.chunk(2, dim=3); x = b - a", lambda v: v[..., 3:] - v[..., :3])
    check(IMAGE, "a, b = split(x, [1, 2], dim=1); x = b - a", lambda v: v[:, 1:] - v[:, :1])
    check(IMAGE, "a, b, c = x.unbind(1); x = a + c", lambda v: v[:, 0] + v[:, 2])
    check(IMAGE, "roll(1, 2); tensor_split(3, 1)", lambda v: v.roll(1, 2).tensor_split(3, 1))


def test_t10_one_hot():
    """T10: with the number of classes, which gives the shape."""
    everyway("v: int[N]", "one_hot", "10", lambda v: F.one_hot(v, 10), "step call")
    assert "data" in refused("one_hot", "v: int[N]")


def test_t11_masks():
    """T11: comparisons, where, nonzero, indexing by masks, masked_fill, index writes."""
    check(MATRIX, "x = where(x > 0, x, 0.1 * x)", lambda v: torch.where(v > 0, v, 0.1 * v))
    check(MATRIX, "nonzero", lambda v: v.nonzero())
    check(MATRIX, "mask = (x > 0) & (x < 1); x = x[mask] * relu(x)[mask]", lambda v: (v * v)[(v > 0) & (v < 1)])
    check(MATRIX, "masked_fill(x < 0, -inf)", lambda v: v.masked_fill(v < 0, -math.inf))
    check(MATRIX, "x[x < 0] = 0; x[:, 1] += 2", lambda v: v.relu() + torch.tensor([0.0, 2.0, 0.0, 0.0]))
    check(MATRIX, "y = nonzero(x > 0); x = zeros(y.shape[0], 2)", lambda v: torch.zeros((v > 0).sum(), 2))
    check(MATRIX, "x = masked_select(x, x > 0).sum()", lambda v: v[v > 0].sum())
    check(MATRIX, "x = (x != 0) | ~(x >= 1)", lambda v: (v != 0) | ~(v >= 1))


def test_t12_closeness():
    """T12: as a tensor; whether all are close is no compile-time question."""
    check(MATRIX, "x = isclose(x, x + 1e-9).all()", lambda v: torch.tensor(True))
    check(MATRIX, "x = (x == x).all(dim=1)", lambda v: torch.ones(v.shape[0], dtype=torch.bool))
    for name in ("allclose", "equal"):
        assert "depends on data" in refused(f"y = {name}(x, x)")


def test_t13_products():
    """T13: mm, bmm, matmul, einsum, `@`, elementwise."""
    two = "v: float[N, 4], w: float[4, M]"
    for text in ("x = mm(x, w)", "x = x @ w", "matmul(w)", "x = x.matmul(w)", 'x = einsum("nc,cm->nm", x, w)'):
        check(two, text, lambda v, w: v @ w)
    check("v: float[N, 3, 4], w: float[N, 4, 2]", "bmm(w)", lambda v, w: v.bmm(w))
    check("v: float[N, 4], w: float[N, 4]", "x = x * w", lambda v, w: v * w)
    check(MATRIX, "x = outer(x[0], x[1])", lambda v: v[0].outer(v[1]))


def test_t14_distances():
    """T14: pairwise, by broadcasting or `cdist`; Gaussian kernels of them."""
    two = "v: float[N, 4], w: float[M, 4]"
    text = "d = sqrt(sum((v[:, none] - w) ** 2, dim=2)); x = exp(-d ** 2 / (2 * 0.5 ** 2))"
    check(two, text, lambda v, w: (-(((v[:, None] - w) ** 2).sum(2).sqrt() ** 2) / (2 * 0.5**2)).exp())
    check(two, "cdist(w)", torch.cdist)


ELEMENTWISE = """abs sign exp sin cos tan tanh sigmoid floor ceil round trunc frac square neg erf expm1 relu gelu silu
    hardswish hardtanh softplus hardsigmoid softsign logsigmoid elu selu celu mish leaky_relu tanhshrink""".split()
POSITIVE = "sqrt rsqrt log log2 log10 log1p reciprocal lgamma digamma".split()


def test_t15_arithmetic():
    """T15: arithmetic, rounding, powers, trigonometry, clip, bits and logic."""
    for name in ELEMENTWISE:
        check(MATRIX, name, getattr(F, name, None) or getattr(torch, name))
        check(MATRIX, f"x = {name}(x)", getattr(F, name, None) or getattr(torch, name))
    for name in POSITIVE:
        check(MATRIX, f"x = {name}(x.abs() + 1)", lambda v, name=name: getattr(torch, name)(v.abs() + 1))
    for name in ("add", "mul", "sub", "div", "pow", "fmod", "remainder"):
        everyway(MATRIX, name, "3", lambda v, name=name: getattr(torch, name)(v, 3))
    everyway(MATRIX, "clamp", "-0.5, 0.5", lambda v: v.clamp(-0.5, 0.5))
    everyway(MATRIX, "clamp", "max=0.5", lambda v: v.clamp(max=0.5))
    check("v: int[N], w: int[N]", "x = (v & w) | ~v", lambda v, w: (v & w) | ~v)
    check("v: int[N], w: int[N]", "x = v // 2 + v % 3 - bitwise_xor(v, w)", lambda v, w: v // 2 + v % 3 - (v ^ w))
    check("v: bool[N], w: bool[N]", "logical_and(w); logical_not", lambda v, w: ~(v & w))


def test_t16_linear_algebra():
    """T16: svd, eig, norm, qr and others of `linalg`."""
    square = "v: float[4, 4]"
    check(MATRIX, "linalg.norm(dim=1)", lambda v: torch.linalg.norm(v, dim=1))
    check(MATRIX, "x = linalg.svdvals(x)", torch.linalg.svdvals)
    check(square, "u, s, h = linalg.svd(x); return u, s, h", lambda v: tuple(torch.linalg.svd(v)))
    check(square, "q, r = linalg.qr(x); return q, r", lambda v: tuple(torch.linalg.qr(v)))
    check(square, "x = linalg.eigvals(x)", torch.linalg.eigvals)
    check(square, "a, b = linalg.eigh(x @ x.T); return a, b", lambda v: tuple(torch.linalg.eigh(v @ v.T)))
    check(square, "x = linalg.inv(x) + linalg.det(x) + trace(x)", lambda v: v.inverse() + v.det() + v.trace())
    everyway(MATRIX, "norm", "dim=1", lambda v: v.norm(dim=1))
    everyway(MATRIX, "normalize", "dim=1", lambda v: F.normalize(v, dim=1), "step call")


def test_t17_statistics():
    """T17: mean, std, max with its index, sort, argsort, argmax, mode, histc and others."""
    for name in ("mean", "std", "var", "sum", "prod", "amax", "amin", "argmax", "argmin", "logsumexp", "cumsum"):
        everyway(MATRIX, name, "dim=1", lambda v, name=name: getattr(torch, name)(v, dim=1))
    for name in ("mean", "sum", "std", "min", "max", "median"):
        everyway(MATRIX, name, "", lambda v, name=name: getattr(torch, name)(v), "method call")
    for name in ("max", "min", "sort", "median", "mode", "cummax"):
        check(MATRIX, f"a, b = x.{name}(dim=1); return a, b", lambda v, name=name: tuple(getattr(v, name)(dim=1)))
    everyway(MATRIX, "argsort", "dim=1", lambda v: v.argsort(dim=1))
    check(MATRIX, "values, at = topk(x, 2, dim=1); return values, at", lambda v: tuple(v.topk(2, dim=1)))
    everyway(MATRIX, "softmax", "dim=1", lambda v: v.softmax(1))
    everyway(MATRIX, "log_softmax", "dim=1", lambda v: v.log_softmax(1))
    check(MATRIX, "x = histc(x, 5, min=-2, max=2)", lambda v: v.histc(5, -2, 2))
    check(MATRIX, "x = x.mean(dim=[0, 1], keepdim=true)", lambda v: v.mean((0, 1), keepdim=True))
    check(MATRIX, "x = cov(x.T) + corrcoef(x.T)", lambda v: v.T.cov() + v.T.corrcoef())
    check("v: int[N]", "bincount", torch.bincount)


def test_t18_diagonals_and_triangles():
    """T18: diagonal, diag_embed, tril, triu, flip."""
    everyway("v: float[N, 4, 4]", "diagonal", "dim1=1, dim2=2", lambda v: v.diagonal(dim1=1, dim2=2))
    everyway(MATRIX, "diag_embed", "", lambda v: v.diag_embed(), "step method call")
    everyway("v: float[4, 4]", "tril", "", lambda v: v.tril())
    everyway("v: float[4, 4]", "triu", "1", lambda v: v.triu(1))
    check("v: float[T, T]", "x = x.masked_fill(ones(T, T).triu(1).bool(), 0)", lambda v: v.tril())


def test_t19_making_tensors():
    """T19: empty, ones, zeros, eye, arange, linspace, rand, randn, and their likes."""
    check(MATRIX, "x = x + arange(0, 4) + linspace(0, 1, 4)", lambda v: v + torch.arange(4) + torch.linspace(0, 1, 4))
    check(MATRIX, "x = x + ones(4) - zeros(x.shape[0], 4) + full([4], 2.5)", lambda v: v + 1 - 0 + 2.5)
    check(MATRIX, "x = x @ eye(4)", lambda v: v @ torch.eye(4))
    check(MATRIX, "x = x + randn(x.shape[0], 4) + rand(4)", lambda v: v + torch.randn(len(v), 4) + torch.rand(4))
    check(MATRIX, "x = randn_like(x) + ones_like(x)", lambda v: torch.randn_like(v) + 1)
    check(MATRIX, "x = zeros_like(x) + x.new_ones(empty(4).shape)", lambda v: torch.ones_like(v))
    check(MATRIX, "a, b = meshgrid(arange(0, 2), arange(0, 3), indexing=\"ij\"); return a, b",
          lambda v: tuple(torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")))  # fmt: skip
    check(MATRIX, "x = randint(0, 9, [x.shape[0]])", lambda v: torch.randint(0, 9, [len(v)]))


def test_t20_changing_in_place():
    """T20: a name is bound again; in-place forms, `out=` and writes into other names do not exist."""
    check(MATRIX, "y = x; y[0] = 0; x += 1; return x, y", lambda v: (v + 1, torch.cat([v[:1] * 0, v[1:]])))
    assert "in place" in refused("relu_")
    assert "in place" in refused("x = x.add_(1)")
    assert "bind the result" in refused("y = x; x = add(x, 1, out=y)")


def test_t21_other_methods():
    """T21: select, expand_as, contiguous, `new_*`, gather; `item` and `tolist` say why not."""
    everyway(MATRIX, "select", "1, 2", lambda v: v.select(1, 2))
    everyway(MATRIX, "narrow", "1, 1, 2", lambda v: v.narrow(1, 1, 2))
    check("v: float[N, 1], w: float[N, 4]", "x = v.expand_as(w).contiguous()", lambda v, w: v.expand_as(w))
    check(MATRIX, "x = x.new_zeros(2, 3) + x.new_full([3], 7)", lambda v: v.new_zeros(2, 3) + 7)
    check("v: float[N, 4], w: int[N, 2]", "gather(1, w)", lambda v, w: v.gather(1, w))
    check("v: float[N, 4], w: int[N, 2]", "scatter(1, w, 9.0)", lambda v, w: v.scatter(1, w, 9.0))
    check("v: float[N, 4]", "index_select(1, tensor([0, 2]))", lambda v: v[:, [0, 2]])
    for name in ("item", "tolist"):
        assert "stop" in refused(f"x = x.{name}()")


def test_further_functions_of_models():
    """What torchvision's and timm's models call besides."""
    check(IMAGE, "interpolate(scale_factor=2)", lambda v: F.interpolate(v, scale_factor=2))
    check(IMAGE, 'interpolate(size=[8, 8], mode="bilinear", align_corners=false)',
          lambda v: F.interpolate(v, size=[8, 8], mode="bilinear", align_corners=False))  # fmt: skip
    check(IMAGE, "pad([1, 2, 0, 1])", lambda v: F.pad(v, [1, 2, 0, 1]))
    check("v: float[N, 5, 8]", "x = scaled_dot_product_attention(x, x, x, is_causal=true)",
          lambda v: F.scaled_dot_product_attention(v, v, v, is_causal=True))  # fmt: skip
    check("v: float[N, 8], w: float[5, 8], b: float[5]", "linear(w, b)", F.linear)
    check("v: float[N, 3, 6, 6], w: float[4, 3, 3, 3]", "conv2d(w, stride=2)", lambda v, w: F.conv2d(v, w, stride=2))
    check("v: float[N, 8], w: float[8]", "layer_norm([8], w)", lambda v, w: F.layer_norm(v, [8], w))
    check("v: float[N, 8, 4]", "group_norm(2)", lambda v: F.group_norm(v, 2))
    check("v: float[N, 8], m: float[8], s: float[8]", "batch_norm(m, s ** 2 + 1, training=false)",
          lambda v, m, s: F.batch_norm(v, m, s**2 + 1))  # fmt: skip
    check(MATRIX, "dropout(0.5)", lambda v: F.dropout(v, 0.5))


@pytest.mark.parametrize(
    "body",
    ["softmax(9)", "Softmax(9)", "x = x.softmax(9)", "softmin(9)", "gumbel_softmax(dim=9)", "x = x @ x.long().mT",
     "x = index_select(x, 9, tensor([0]))", "gelu(x.long())", "x = gelu(x.long())", "x = bitwise_and(x, 1)",
     "Conv2d(3, 0)", "Conv2d(3, [1, 1, 1])", "x = x.long(); softmax(1)", "x = x.bool() - x.bool()"],
)  # fmt: skip
def test_real_kernels_are_asked(body):
    """What fake kernels let pass: dims out of range, dtypes that differ or have no kernel, kernels of no size."""
    assert compile_spec(Source("spec", f"net A({IMAGE}) {{ {body} }}")).diagnostics
