"""`compile = Compile(…)`: torch's own options, and what torch does not know refused with what it does."""

from __future__ import annotations

import pytest
import torch
from small_specs import IRIS, spec
from trained_by_hand import PLAIN, ByHand, losses_of

from tnet.compiler import compile_spec
from tnet.source import Source
from tnet.training.parts import assemble


def compiled_by(call: str, text: str = IRIS) -> str:
    return text.replace("compile   = false", f"compile = {call}")


@pytest.mark.parametrize("call, arguments", [
    ("true", {}),
    ("Compile", {}),
    ('Compile(mode="default", backend="inductor", options={})', {}),
    ('Compile("max-autotune-no-cudagraphs")', {"mode": "max-autotune-no-cudagraphs"}),
    ("Compile(dynamic=false)", {"dynamic": False}),
    ('Compile(backend="aot_eager", dynamic=true)', {"backend": "aot_eager", "dynamic": True}),
    ('Compile(options={"epilogue_fusion": false, "cpp.threads": 1})',
     {"options": {"epilogue_fusion": False, "cpp.threads": 1}}),
])  # fmt: skip
def test_options_reach_torch_compile(monkeypatch, call, arguments):
    parts = assemble(spec(compiled_by(call)), None, print)
    seen = []
    monkeypatch.setattr(torch, "compile", lambda function, **options: seen.append(options) or function)
    batch = next(parts.loaders.train.epoch(0))
    parts.forward.loss(batch)
    parts.forward.loss({name: value[:3] for name, value in batch.items()})
    assert seen == [{"fullgraph": False, **arguments}]


@pytest.mark.parametrize("call, code, place, message, help", [
    ('Compile(mode="max-autotun")', "TN0802", '"max-autotun"', "no mode", "did you mean `max-autotune`?"),
    ('Compile(mode="fast")', "TN0802", '"fast"', "no mode", "there are default, lite"),
    ('Compile(backend="induktor")', "TN0802", '"induktor"', "no backend", "did you mean `inductor`?"),
    ('Compile(backend="gpu")', "TN0802", '"gpu"', "no backend", "there are cudagraphs, inductor"),
    ('Compile(options={"max_autotun": true})', "TN0802", '{"max_autotun": true}', "no option", "`max_autotune`?"),
    ('Compile(options={"max_autotune": 3})', "TN0802", '{"max_autotune": 3}', "got int should be bool", None),
    ('Compile(options={"cpp.cxx": "a"})', "TN0802", '{"cpp.cxx": "a"}', "switches and numbers", "name files"),
    ('Compile(mode="lite", options={max_autotune: true})', "TN0803", "{max_autotune: true}", "`mode` or `options`",
     "leave one of them out"),
    ('Compile(backend="eager", mode="lite")', "TN0803", '"lite"', 'for the backend "inductor"', "leave `mode` out"),
    ("Compile(fullgraph=true)", "TN0301", "fullgraph", "no argument", "`mode`, `dynamic`, `backend`, `options`"),
    ("Compile(dynamic=3)", "TN0303", "3", "true or false or none", None),
])  # fmt: skip
def test_what_torch_does_not_know_is_refused(call, code, place, message, help):
    (found,) = compile_spec(Source("x", compiled_by(call))).diagnostics
    assert (found.code, found.span.text) == (code, place)
    assert message in found.message and (help is None or help in found.help)


def test_another_backend_trains(tmp_path):
    """`aot_eager` runs torch's own kernels, so that a run through it is the loop by hand to the bit."""
    spec(compiled_by('Compile(backend="aot_eager")', PLAIN)).train(out=tmp_path / "run")
    assert losses_of(tmp_path / "run") == pytest.approx(ByHand().losses, rel=1e-6)
