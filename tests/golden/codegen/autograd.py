"""Gradients, generated from a spec."""

import torch
import torch.nn.functional as F
from torch import nn


class Affine(torch.autograd.Function):
    """A linear layer whose bias may be left out."""

    generate_vmap_rule = True

    @staticmethod
    def forward(input, weight):  # input [N, 6], weight [4, 6]
        return input @ weight.t()  # [N, 4]

    @staticmethod
    def setup_context(ctx, inputs, output):
        input, weight = inputs
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx, grad):  # [N, 4]
        input, weight = ctx.saved_tensors
        return grad @ weight, grad.t() @ input


class AffineBias(torch.autograd.Function):
    """A linear layer whose bias may be left out."""

    generate_vmap_rule = True

    @staticmethod
    def forward(input, weight, bias):  # input [N, 6], weight [4, 6], bias [4]
        y = input @ weight.t()  # [N, 4]
        return y + bias

    @staticmethod
    def setup_context(ctx, inputs, output):
        input, weight, _ = inputs
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx, grad):  # [N, 4]
        input, weight = ctx.saved_tensors
        return grad @ weight, grad.t() @ input, grad.sum(dim=0)  # [N, 6], [4, 6], [4]


class ClippedReLU(torch.autograd.Function):
    """Zero below a bound, with its gradient."""

    generate_vmap_rule = True

    @staticmethod
    def forward(v, low):  # [N, _]
        return torch.clamp(v, min=low)

    @staticmethod
    def setup_context(ctx, inputs, output):
        v, low = inputs
        ctx.save_for_backward(v)
        ctx.low = low

    @staticmethod
    def backward(ctx, grad):  # [N, _]
        (v,) = ctx.saved_tensors
        return torch.where(v < ctx.low, 0, grad), None


class Swish(torch.autograd.Function):
    """What backward needs is known in the middle of forward."""

    @staticmethod
    def forward(ctx, v, beta):  # [N, 4]
        ctx.beta = beta
        gate = F.sigmoid(beta * v)
        x = v * gate
        ctx.save_for_backward(v, gate)
        return x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad):  # [N, 4]
        v, gate = ctx.saved_tensors
        return grad * gate * (1 + ctx.beta * v * (1 - gate)), None


class Reversed(torch.autograd.Function):
    """The gradient turned around, as adversarial training wants it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):  # [N, 6]
        return x * 1

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad):  # [N, 6]
        return -0.5 * grad


class Exponential(torch.autograd.Function):
    """Two results, of which one has no gradient."""

    generate_vmap_rule = True

    @staticmethod
    def forward(v):  # [N, 4]
        return torch.exp(v), v > 0

    @staticmethod
    def setup_context(ctx, inputs, output):
        (v,) = inputs
        ctx.save_for_backward(v)

    @staticmethod
    def backward(ctx, grad, _unused):  # grad [N, 4], _unused [N, 4]
        (v,) = ctx.saved_tensors
        return grad * torch.exp(v)


class Squared(torch.autograd.Function):
    """A function applied in the gradient of another."""

    generate_vmap_rule = True

    @staticmethod
    def forward(v):  # [N, 6]
        return v * v

    @staticmethod
    def setup_context(ctx, inputs, output):
        (v,) = inputs
        ctx.save_for_backward(v)

    @staticmethod
    def backward(ctx, grad):  # [N, 6]
        (v,) = ctx.saved_tensors
        return 2 * grad * ClippedReLU.apply(v, -10)


class Mean(torch.autograd.Function):
    """A mean whose gradient needs no more of its input than the size."""

    generate_vmap_rule = True

    @staticmethod
    def forward(v):  # [N, 6]
        return v.mean(dim=0)  # [6]

    @staticmethod
    def setup_context(ctx, inputs, output):
        (v,) = inputs
        ctx.N = v.shape[0]

    @staticmethod
    def backward(ctx, grad):  # [6]
        return (grad / ctx.N).expand((ctx.N, 6))  # [N, 6]


class Head(nn.Module):
    def __init__(self, low, beta):
        super().__init__()
        self.low = low
        self.beta = beta
        self.weight = nn.Parameter(torch.empty(4, 6))
        nn.init.xavier_normal_(self.weight)
        self.bias = nn.Parameter(torch.empty(4))
        nn.init.normal_(self.bias, std=0.1)

    def forward(self, x):  # [N, 6]
        y = Affine.apply(x, self.weight)  # [N, 4]
        x = AffineBias.apply(x, self.weight, self.bias)  # [N, 4]
        x = ClippedReLU.apply(x, self.low)
        return x + Swish.apply(y, self.beta)


class Gradients(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = Head(low=0.1, beta=1.0)
        self.two = Head(low=0.2, beta=2.0)

    def forward(self, v):  # [N, 6]
        a = self.one(v)  # [N, 4]
        b = self.two(Reversed.apply(v))  # [N, 4]
        c, positive = Exponential.apply(a)
        x = Squared.apply(v)
        return torch.where(positive, c, b) + Mean.apply(x)[:4]
