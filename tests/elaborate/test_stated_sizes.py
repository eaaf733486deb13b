"""Stated sizes that hold for multiples of a number: the net asks for them."""

from __future__ import annotations

import pytest

from tnet.compiler import compile_spec
from tnet.ir import text
from tnet.source import Source
from tnet.spec import Spec

AUTOENCODER = """
net Auto(image: float[N, 1, H, W]) -> recon: float[N, 1, H, W] {
  Conv2d(8, 3, stride=2, padding=1)
  Conv2d(8, 3, stride=2, padding=1)
  ConvTranspose2d(8, 2, stride=2)
  ConvTranspose2d(1, 2, stride=2)
}
"""


def conditions(spec: str) -> list[str]:
    (net,) = compile_spec(Source("spec", spec)).program.nets.values()
    return [f"{text.size(each.relation)} line {each.span.line}" for each in net.conditions]


def test_an_output_type_asks_for_a_divisor():
    assert conditions(AUTOENCODER) == ["H % 4 == 0 line 2", "W % 4 == 0 line 2"]


def test_the_net_tests_it_on_entry():
    import torch

    model = Spec(Source("spec", AUTOENCODER)).checked().model()
    assert model(torch.zeros(2, 1, 8, 12)).shape == (2, 1, 8, 12)
    with pytest.raises(Exception, match="4"):
        model(torch.zeros(2, 1, 9, 12))


def test_a_shape_statement_does_too():
    spec = "net A(x: float[N, 1, H, 8]) {\n  MaxPool2d(2)\n  Upsample(scale_factor=2)\n  shape [N, 1, H, 8]\n}"
    assert conditions(spec) == ["H % 2 == 0 line 4"]


@pytest.mark.parametrize("body", ["Conv2d(1, 3)", "MaxPool2d(2)", "x = x[:, :, :7]"])
def test_what_no_divisor_makes_equal_stays_an_error(body):
    spec = f"net A(x: float[N, 1, H, 9]) -> float[N, 1, H, 9] {{ {body} }}"
    assert [each.code for each in compile_spec(Source("spec", spec)).diagnostics] == ["TN0402"]
