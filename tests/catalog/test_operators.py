"""Every pure tensor function of torch: a spec calls it as Python does and gives the same to the bit.

The cases are the sample inputs of torch's own table of operators. The suite takes one operator in twelve; all by
`pytest -m slow tests/catalog`.
"""

from __future__ import annotations

import pytest
import torch
from operators import NotWritten, in_python, operators, samples, spec_of

from tnet.source import Source
from tnet.spec import Spec

REFUSED = {
    "cauchy exponential geometric log_normal uniform resize_ resize_as_ zero_": "in place only",
    "item equal allclose": "what they give is no tensor and depends on data",
    "one_hot tensor_split": "here with no number of classes, or of parts: what they give depends on data",
    "broadcast_shapes": "takes no tensor",
    "empty empty_like empty_strided empty_permuted new_empty new_empty_strided": "what they hold is open",
    "T H mT mH": "attributes",
    "slice": "written `x[a:b]`",
    "where einsum polygamma special.polygamma embedding normal svd_lowrank pca_lowrank": "the table has their arguments"
    " in another order than torch; see the tests of techniques",
    "to_sparse": "gives no dense tensor",
    "max_pool2d_with_indices_backward native_dropout_backward": "gradients, which autograd calls",
    "jiterator_unary jiterator_binary jiterator_4inputs_with_extra_args jiterator_binary_return_by_ref"
    " jiterator_2inputs_2outputs": "compile text that a caller gives",
}
"""Operators of the table that this test does not call, with the reason."""

NOT_CALLED = {name for names in REFUSED for name in names.split()}
NO_NAMES = ("_", "torch.ops", "masked.", "signal.", "sparse.")
"""Private operators, and modules whose functions have no name in a spec."""

CALLED = [name for name in operators() if name not in NOT_CALLED and not name.startswith(NO_NAMES)]


SEED = 42
"""The seed that the table sets before it calls a random operator."""


def same(mine, theirs) -> bool:
    if isinstance(theirs, torch.Tensor):
        if theirs.is_complex():
            mine, theirs = (torch.view_as_real(each.resolve_conj()) for each in (mine, theirs))
        return mine.dtype == theirs.dtype and torch.equal(mine.nan_to_num(), theirs.nan_to_num())
    if isinstance(theirs, (tuple, list)):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    return mine == theirs


def check(name: str) -> int:
    """Compare the samples of an operator; how many could be written."""
    written = 0
    for sample in samples(name):
        try:
            text, tensors = spec_of(name, sample)
        except NotWritten:
            continue
        spec = Spec(Source("spec", text))
        assert not spec.check(), text
        torch.manual_seed(SEED)
        mine = spec.model_class()()(*(each.clone() for each in tensors))
        torch.manual_seed(SEED)
        assert same(mine, in_python(name, sample)), text
        written += 1
    return written


def test_what_is_not_called_is_in_the_table():
    print(f"{len(operators())} operators of torch's table, {len(CALLED)} called, {len(NOT_CALLED)} with a reason")
    assert NOT_CALLED <= set(operators())


@pytest.mark.parametrize("name", CALLED[::12])
def test_operator(name):
    torch.set_num_threads(1)
    check(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLED)
def test_every_operator(name):
    torch.set_num_threads(1)
    check(name)
