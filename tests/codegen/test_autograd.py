"""M14, M18: functions with their own gradient are what a person would write with `torch.autograd.Function`."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from tests.codegen.programs import model, net, nets_of
from tests.conftest import GOLDEN
from tnet.codegen.gradcheck import check_gradients

torch.set_num_threads(1)

SPEC = """
autograd Affine()(input, weight, bias=none) {
  forward {
    y = input @ weight.t()
    return y if bias == none else y + bias
  }
  backward(grad) {
    return grad @ weight, grad.t() @ input, none if bias == none else grad.sum(dim=0)
  }
}

autograd Clipped(low=0)(v) {
  forward { return clamp(v, min=low) }
  backward(grad) { return where(v < low, 0, grad) }
}

net Layers(v: float[N, 5]) -> float[N, 3] {
  parameter weight: float[4, 5] = xavier_normal
  parameter bias: float[4] = normal(std=0.1)
  parameter last: float[3, 4] = xavier_normal
  (x, weight, bias) -> Affine
  Clipped(low=-0.25)
  x = Affine(x, last)
  Clipped
}
""".replace("  (x, weight, bias) -> Affine\n", "  x = (x, weight, bias) -> Affine\n")


class Affine(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        return output if bias is None else output + bias

    @staticmethod
    def backward(ctx, grad):
        input, weight, bias = ctx.saved_tensors
        return grad.mm(weight), grad.t().mm(input), None if bias is None else grad.sum(0)


class Clipped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v, low):
        ctx.save_for_backward(v)
        ctx.low = low
        return v.clamp(min=low)

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        return torch.where(v < ctx.low, torch.zeros_like(grad), grad), None


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(4, 5))
        self.bias = nn.Parameter(torch.empty(4))
        self.last = nn.Parameter(torch.empty(3, 4))

    def forward(self, v):
        x = Clipped.apply(Affine.apply(v, self.weight, self.bias), -0.25)
        return Clipped.apply(Affine.apply(x, self.last, None), 0)


def passed(module: nn.Module, inputs: torch.Tensor) -> list[torch.Tensor]:
    """The output, the gradient of the inputs and those of the parameters."""
    given = inputs.clone().requires_grad_()
    output = module(given)
    output.sin().sum().backward()
    return [output.detach(), given.grad, *(each.grad for each in module.parameters())]


def assert_equal(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> None:
    assert len(ours) == len(theirs) and all(map(torch.equal, ours, theirs))


def test_functions_are_bit_equal_to_those_by_hand():
    """M14, M18: outputs and gradients, with an input that is left out and one that is given."""
    ours, theirs = model(net(SPEC)), Layers()
    theirs.load_state_dict(ours.state_dict())
    inputs = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    assert_equal(passed(ours, inputs), passed(theirs, inputs))


def test_copies_and_pickles_give_the_same():
    """M19: so does a graph that torch.compile takes whole, gradients included."""
    built = model(net(SPEC))
    inputs = torch.randn(7, 5, generator=torch.Generator().manual_seed(0))
    others = [copy.deepcopy(built), pickle.loads(pickle.dumps(built))]
    others.append(torch.compile(copy.deepcopy(built), fullgraph=True, backend="aot_eager"))
    expected = passed(built, inputs)
    for other in others:
        assert_equal(passed(other, inputs), expected)


def test_transforms_of_torch_func_work():
    built = model(net(SPEC))
    weights = dict(built.named_parameters())
    inputs = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))

    def loss(weights, sample):
        return torch.func.functional_call(built, weights, sample[None]).sin().sum()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, inputs)
    for number, sample in enumerate(inputs):
        alone = torch.autograd.grad(loss(weights, sample), list(weights.values()))
        for mine, other in zip(each.values(), alone, strict=True):
            torch.testing.assert_close(mine[number], other)  # batched products round otherwise


def test_a_gradient_has_a_gradient_where_all_that_is_saved_is_known_outside():
    built = model(net("autograd Cube()(v) { forward { return v ** 3 } backward(grad) { return 3 * grad * v ** 2 } }"
                      "\nnet Cubes(v: float[N]) { Cube }"))  # fmt: skip
    v = torch.tensor([1.0, -2.0], requires_grad=True)
    (first,) = torch.autograd.grad(built(v).sum(), v, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), v)
    assert torch.equal(second, 6 * v)


def test_a_gradient_of_saved_intermediates_says_that_it_has_none():
    built = model(net("autograd Exp()(v) { forward { y = exp(v); return y + 1 } backward(grad) { return grad * y } }"
                      "\nnet Exps(v: float[N]) { Exp }"))  # fmt: skip
    v = torch.tensor([1.0, -2.0], requires_grad=True)
    (first,) = torch.autograd.grad(built(v).sum(), v, create_graph=True)
    assert torch.equal(first, v.exp())  # and not, in silence, the gradient of only a part of it
    with pytest.raises(RuntimeError, match="does not require grad"):
        first.sum().backward()


def test_names_of_inputs_mean_them_as_they_were_given():
    """`backward` reads `x` as the input, whatever `forward` made of it; other names as it left them."""
    text = """
autograd Gate() {
  forward { half = x / 2; tanh; x = x * half; half = half + 1 }
  backward(grad) { return grad * (tanh(x) / 2 + (1 - tanh(x) ** 2) * x / 2 + 0 * half) }
}
net Gates(v: float[N, 4]) { Gate }
"""
    (check,) = check_gradients(net(text))
    assert check.problems == ()


# ---- finite differences ----------------------------------------------------------------------------------------------


def test_right_gradients_agree_with_finite_differences():
    """M14: each function at each of the types at which it is used."""
    (gradients,) = nets_of(GOLDEN / "codegen" / "autograd.tnet").values()
    checks = {(check.name, check.inputs): check.problems for check in check_gradients(gradients)}
    wrong = {name for (name, _), problems in checks.items() if problems}
    assert wrong == {"Reversed"} and len(checks) == 9
    assert ("Affine", "`input` float64[2, 6], `weight` float64[4, 6]") in checks


WRONG = """
autograd Scaled(factor=3)(v, w) {
  forward { return v * w * factor }
  backward(grad) {
    return grad * w * factor, {gradient}
  }
}
net Uses(v: float[N, {size}], w: float[N, {size}]) { return Scaled(v, w) }
"""


@pytest.mark.parametrize("size", [4, 3000])
@pytest.mark.parametrize("gradient", ["grad * v", "grad * v * (factor + 1e-2)", "grad * v * factor * (v > 0)"])
def test_a_wrong_gradient_is_named_with_its_input_and_line(size, gradient):
    (check,) = check_gradients(net(WRONG.replace("{size}", str(size)).replace("{gradient}", gradient)))
    (problem,) = check.problems
    assert problem.code == "TN0407" and "`w`" in problem.message and problem.span.line == 5
    assert problem.span.text == gradient and "finite differences give" in problem.notes[0].message


def test_functions_are_tested_where_they_are_finite_and_at_sizes_that_the_net_takes():
    text = """
autograd Log()(v) { forward { return log(v) } backward(grad) { return grad / v } }
net Logs(v: float[N, H]) { x = x.view(N, 8, H // 8); Log }
"""
    (check,) = check_gradients(net(text))
    assert check.problems == () and "float64[8, 8, 2]" in check.inputs


def test_what_cannot_be_computed_in_float64_is_said():
    text = """
autograd Cast()(v, w) {
  forward { return v.to(float32) @ w.to(float32) }
  backward(grad) { return grad @ w.t(), v.t() @ grad }
}
net Casts(v: float[N, 4], w: float[4, 4]) { return Cast(v, w) }
"""
    (check,) = check_gradients(net(text))
    assert [problem.code for problem in check.problems] == ["TN0407", "TN0407"]
