"""Sizes behind operators whose fake kernels take numbers only: `max_pool1d` fixes the length that it is given."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import tnet
from tnet.shapes.conditions import python_text

POOLS = [f"MaxPool1d({kernel})" for kernel in (2, 3, 5, 7, 10, 11, 48, 50, 100)] + [
    "MaxPool1d(7, stride=5, padding=3)",
    "MaxPool1d(4, stride=3, dilation=2)",
    "MaxPool1d(10, stride=9, padding=2, ceil_mode=true)",
    "MaxPool1d(3, stride=1)",
]


@pytest.mark.parametrize("pool", POOLS)
def test_lengths_after_pooling_are_pytorchs(pool):
    """And the least length that the net takes is the least that PyTorch takes."""
    net = tnet.loads(f"net A(x: float[N, 1, L]) {{ {pool} }}").program.net()
    layer = eval(f"nn.{pool}", {"nn": nn, "true": True})
    least = next(size for size in range(1, 200) if takes(layer, size))
    length = python_text(net.outputs[0][1].dims[2])
    for size in (*range(least, 260), 999, 1000, 1001, 16000):
        assert layer(torch.zeros(1, 1, size)).shape[2] == eval(length, {"L": size}), size
    bounds = [python_text(each.relation) for each in net.conditions]
    assert all(eval(each, {"L": least}) for each in bounds)
    assert least == 1 or not all(eval(each, {"L": least - 1}) for each in bounds)


def takes(layer: nn.Module, size: int) -> bool:
    try:
        layer(torch.zeros(1, 1, size))
    except RuntimeError:
        return False
    return True


def test_pooling_after_a_strided_convolution():
    spec = tnet.loads("net A(x: float[N, 1, L]) { Conv1d(16, 80, stride=4); BatchNorm1d; relu; MaxPool1d(4) }")
    assert spec.model()(torch.zeros(2, 1, 16000)).shape == (2, 16, 995)
