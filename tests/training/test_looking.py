"""`profile` and `snoop`: looking at what a run does changes nothing of it."""

from __future__ import annotations

import json

import pytest
import torch
from small_specs import spec, trained
from trained_by_hand import PLAIN, ByHand, losses_of, with_settings

from tnet.codegen.source import spans_of_lines
from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.source import Source

BLOCKS = PLAIN.replace(
    "net Tiny",
    """block Residual(width)(x) {
  y = x -> conv: Conv2d(width, 3, padding=1) -> relu
  return x + y
}

net Tiny""",
).replace("  MaxPool2d(4)\n", "  MaxPool2d(4)\n  Residual(4)\n")


def test_r9_a_trace_and_a_table(tmp_path, capsys):
    """R9: bit-equal losses, a trace that Chrome reads, and a table in the folder and on stderr."""
    trained(tmp_path / "run", text=with_settings("profile = Profile(steps=5, skip=2)"))
    assert losses_of(tmp_path / "run") == ByHand().losses
    trace = json.loads((tmp_path / "run" / "trace.json").read_text())
    names = [event.get("name") for event in trace["traceEvents"]]
    assert sum(name == "aten::cross_entropy_loss" for name in names) == 5
    table = (tmp_path / "run" / "profile.txt").read_text()
    assert "aten::convolution_backward" in table and "Self CPU" in table
    assert "Self CPU" in capsys.readouterr().err


def test_a_profile_of_memory_and_shapes(tmp_path):
    trained(tmp_path / "run", text=with_settings("profile = Profile(steps=2, memory=true, shapes=true)"))
    table = (tmp_path / "run" / "profile.txt").read_text()
    assert "Input Shapes" in table and "CPU Mem" in table


def test_a_run_that_ends_early_leaves_what_was_recorded(tmp_path):
    text = with_settings("profile = Profile(steps=15, skip=1)", "early_stop = Patience(1)", "evaluate = 1 step")
    run = trained(tmp_path / "run", text=text.replace("lr=0.1,", "lr=5.0,"))
    assert run.metrics["val.loss"] > 1 and len(losses_of(tmp_path / "run")) < 15
    assert (tmp_path / "run" / "trace.json").exists()


def test_a_profile_longer_than_the_run_is_found_before_it(tmp_path):
    with pytest.raises(SpecError, match="30 steps are to be recorded after the first 3, the run has 20"):
        trained(tmp_path / "run", text=with_settings("profile = Profile(steps=30)"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("line, code, words", [
    ("profile = 10", "TN0802", "`profile` is `Profile(…)`, true or false, not 10"),
    ("profile = Profile(steps=0)", "TN0802", "`steps` of `Profile` must be at least 1"),
    ("profile = Profile(skip=0)", "TN0802", "`skip` of `Profile` must be at least 1"),
    ("profile = Profile(step=3)", "TN0301", "no argument `step`"),
    ("snoop = 1", "TN0802", "`snoop` is true or false, not 1"),
])  # fmt: skip
def test_wrong_values(line, code, words):
    found = [each for each in compile_spec(Source("x", with_settings(line))).diagnostics if each.is_error]
    assert [each.code for each in found] == [code] and words in found[0].message


def test_r10_each_step_at_its_line(tmp_path, capsys):
    """R10: layers and functions, also those of a block, with shape, dtype, device and gradient flag."""
    trained(tmp_path / "run", text=with_settings("snoop = true", text=BLOCKS))
    lines = (tmp_path / "run" / "snoop.txt").read_text().splitlines()
    found = [(line.split()[0], line.split()[1], line[line.index("float32") :]) for line in lines[:-1]]
    numbers = {text.strip(): n for n, text in enumerate(BLOCKS.splitlines(), 1)}
    place = {name: f"<text>:{number}" for name, number in numbers.items()}
    conv = place["conv: Conv2d(4, 3, padding=1, bias=false) -> norm: BatchNorm2d -> relu"]
    inner = place["y = x -> conv: Conv2d(width, 3, padding=1) -> relu"]
    assert found == [
        (place["net Tiny(image: float[N, 1, 8, 8]) -> logits: float[N, 10] {"], "image", "float32[32, 1, 8, 8] cpu"),
        (conv, "conv", "float32[32, 4, 8, 8] cpu grad"),
        (conv, "norm", "float32[32, 4, 8, 8] cpu grad"),
        (conv, "relu", "float32[32, 4, 8, 8] cpu grad"),
        (place["MaxPool2d(4)"], "maxpool2d", "float32[32, 4, 2, 2] cpu grad"),
        (inner, "residual.conv", "float32[32, 4, 2, 2] cpu grad"),
        (inner, "relu", "float32[32, 4, 2, 2] cpu grad"),
        (place["return x + y"], "add", "float32[32, 4, 2, 2] cpu grad"),
        (place["flatten(1)"], "flatten", "float32[32, 16] cpu grad"),
        (place["Dropout(0.2)"], "dropout", "float32[32, 16] cpu grad"),
        (place["head: Linear(10)"], "head", "float32[32, 10] cpu grad"),
    ]
    assert lines[-1].split() == ["loss", "float32[]", "cpu", "grad"]
    assert lines[1] in capsys.readouterr().err


def test_r10_snooping_changes_nothing(tmp_path):
    trained(tmp_path / "run", text=with_settings("snoop = true"))
    assert losses_of(tmp_path / "run") == ByHand().losses
    trained(tmp_path / "half", text=with_settings("snoop = true", 'precision = "bf16"', "mixup = 0.2"))
    assert "bfloat16[32, 10] cpu grad" in (tmp_path / "half" / "snoop.txt").read_text()


def test_m15_snoop_and_histograms_leave_no_hooks(tmp_path):
    """M15"""
    rules = "parameters { head { histogram = true } }\ndata {"
    run = trained(tmp_path / "run", text=with_settings("snoop = true").replace("data {", rules, 1))
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in run.model.modules())


def test_lines_of_source_know_their_place_in_the_spec():
    source = spec(BLOCKS)
    lines = source.source().splitlines()
    spans = spans_of_lines(source.net)
    assert {lines[number - 1].split("#")[0].strip() for number in spans} >= {"x = x.flatten(1)"}
    (place,) = [span for number, span in spans.items() if "flatten" in lines[number - 1]]
    assert place.text == "flatten(1)"


def test_the_compiled_run_snoops_without_compiling(tmp_path):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    text = with_settings("snoop = true", "profile = Profile(steps=3)").replace("compile   = false", "")
    trained(tmp_path / "run", text=text)
    assert not torch._dynamo.utils.counters["graph_break"] and (tmp_path / "run" / "trace.json").exists()
