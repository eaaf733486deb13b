"""What PyTorch does with any module it does with a compiled one: hooks, gradients of any value, losses as blocks."""

from __future__ import annotations

import torch
from torch.func import functional_call, jacrev, vjp

import tnet

TEXT = """
net Small(v: float[N, 4]) -> float[N, 2] {
  body: { Linear(6); Tanh }
  head: Linear(2)
}
"""


def small():
    spec = tnet.loads(TEXT)
    torch.manual_seed(0)
    return spec.model(), torch.randn(3, 4)


def test_hooks_see_values_and_gradients():
    """M15: forward, pre-forward and backward hooks of submodules, and hooks of tensors."""
    model, v = small()
    seen = {}
    model.body.register_forward_pre_hook(lambda module, given: seen.update(given=given[0]))
    model.body.register_forward_hook(lambda module, given, output: seen.update(features=output))
    model.head.register_full_backward_hook(lambda module, before, after: seen.update(gradient=after[0]))
    model.head.weight.register_hook(lambda gradient: seen.update(weight=gradient))
    model(v).sum().backward()
    assert torch.equal(seen["given"], v)
    assert torch.equal(seen["features"], torch.tanh(model.body[0](v)))
    assert torch.equal(seen["gradient"], torch.ones(3, 2))
    assert torch.equal(seen["weight"], model.head.weight.grad)


def test_gradients_of_inputs_and_intermediates():
    """M17: of an input, of a value on the way, a vector-Jacobian product, the graph behind an output."""
    model, v = small()
    v.requires_grad_()
    features = model.body(v)
    features.retain_grad()
    model.head(features).sum().backward()
    assert torch.equal(features.grad, model.head.weight.sum(dim=0).expand(3, 6))
    slope = 1 - features.detach() ** 2
    torch.testing.assert_close(v.grad, (features.grad * slope) @ model.body[0].weight)  # the same sum in another order
    cotangent = torch.randn(3, 2)
    (expected,) = torch.autograd.grad(model(v), v, cotangent)
    output, pull_back = vjp(lambda x: functional_call(model, dict(model.named_parameters()), (x,)), v)
    assert torch.equal(output, model(v))
    torch.testing.assert_close(pull_back(cotangent)[0], expected)  # functorch may add in another order
    assert jacrev(model)(v).shape == (3, 2, 3, 4)
    assert type(model(v).grad_fn).__name__ == "AddmmBackward0"


LOSS = """
net Line(x: float[N, 3]) -> price: float[N] { Linear(1) -> squeeze(1) }

block AsymmetricL1(over=1.0, under=10.0)(prediction, target) {
  error = prediction - target
  return mean(over * clamp(error, min=0) + under * clamp(-error, min=0))
}

data { train = Tensors("prices.npz") }

train {
  epochs    = 1
  batch     = 4
  loss      = AsymmetricL1(under=3.0)
  optimizer = SGD(lr=0.1)
}
"""


def test_a_loss_of_ones_own():
    """L2: an asymmetric l1 as a block of two inputs."""
    loss = tnet.loads(LOSS).loss()
    prediction = torch.tensor([1.0, 2.0, 5.0], requires_grad=True)
    value = loss(prediction, {"x": torch.zeros(3, 3), "target": torch.tensor([2.0, 2.0, 3.0])})
    assert torch.equal(value, torch.tensor((3 * 1 + 0 + 1 * 2) / 3))
    value.backward()
    assert torch.equal(prediction.grad[[0, 2]], torch.tensor([-1.0, 1 / 3]))
