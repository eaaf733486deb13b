"""Each trick through torch.compile: one graph without a break, and the losses of the run that is not compiled."""

from __future__ import annotations

import pytest
import torch
from small_specs import spec
from test_pairs_of_tricks import TRICKS, with_tricks
from trained_by_hand import losses_of

from tnet.training import parts

FAST = ("accumulate", "cutmix", "ema", "penalties")
"""The others are slow together."""
UNCOMPILED = {"anomaly": "autograd names its functions, which a graph has not"}
EAGER = ("histogram",)
"""Steps that are looked at run without a graph, and each one is, where each is logged."""
HALF = ("bf16", "fp16")


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in TRICKS if name not in UNCOMPILED
])  # fmt: skip
def test_r8_each_trick_trains_compiled(tmp_path, monkeypatch, capsys, name):
    """R8: through everything of torch.compile but its C++ compiler; without dropout, whose draws differ. To rounding:
    a graph computes in another order."""
    monkeypatch.setattr(parts, "require_gpu", lambda *_: None)  # fp16 works on the CPU too, if slowly
    text = with_tricks(name).replace("Dropout(0.2)\n", "").replace("steps     = 3", "steps     = 6")
    losses = {}
    for compiling in ('Compile(backend="aot_eager")', "false"):
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        folder = tmp_path / compiling[0]
        spec(text.replace("compile   = false", f"compile   = {compiling}")).train(out=folder)
        losses[compiling] = losses_of(folder)
        if compiling != "false":
            counters = torch._dynamo.utils.counters
            assert not counters["graph_break"] and bool(counters["stats"]["unique_graphs"]) == (name not in EAGER)
    compiled, plain = losses.values()
    assert compiled == pytest.approx(plain, rel=0.05 if name in HALF else 1e-4) and len(plain) == 6
    assert "does not work" not in capsys.readouterr().err
