"""A run that stopped and went on is, to the bit, the run that never stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from small_specs import IRIS, spec, trained
from stopped_runs import EVERYTHING, assert_same_runs, go_on, same, stopped_at

from tnet.spec import Spec
from tnet.training.parts import assemble
from tnet.training.resuming import Earlier
from tnet.training.sitting import sitting


def test_a_run_that_stops_after_each_step_is_the_run_that_never_stopped(tmp_path, whole, stops, capsys):
    """R4: weights, average, optimizer, schedule, early stopping, order of samples, random states, what is recorded."""
    stops.at = list(range(1, 15))
    run = trained(tmp_path / "run", text=EVERYTHING)
    while run.stopped:
        said = capsys.readouterr().err
        assert f"stopped after step {run.checkpoint.name[-2:].lstrip('0')}, which is saved" in said
        run = go_on(tmp_path / "run")
    assert_same_runs(whole.path, run.path)
    assert run.metrics | {"seconds": 0} == whole.metrics | {"seconds": 0}
    assert run.checkpoint.name == whole.checkpoint.name
    about = yaml.safe_load((run.path / "run.yaml").read_text())
    assert [each["step"] for each in about["resumed"]] == list(range(1, 15))


@pytest.mark.parametrize("trick", ["swa = SWA(start=0.3, lr=0.01, every=2 steps)", 'on_nan = "skip"'])
def test_other_tricks_go_on_too(tmp_path, stops, trick):
    text = EVERYTHING.replace("ema        = 0.9", trick).replace("early_stop = Patience(9)", "")
    whole = trained(tmp_path / "whole", text=text)
    stopped_at(tmp_path / "run", stops, 7, text)
    go_on(tmp_path / "run", text)
    assert_same_runs(whole.path, tmp_path / "run")


@pytest.mark.slow
def test_compiled_steps_go_on_too(tmp_path, stops):
    """Bit-equal through torch.compile as well, the step being one graph."""
    text = IRIS.replace("  compile   = false\n", "  log_every = 1\n").replace(
        "SGD(lr=0.1, momentum=0.9)", "AdamW(lr=0.01)"
    )
    trained(tmp_path / "whole", text=text)
    stopped_at(tmp_path / "run", stops, 8, text)
    go_on(tmp_path / "run", text)
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


NOT_STATE = {
    "builds": "how often code is to be compiled anew",
    "built": "metrics, reset before each evaluation",
    "started": "when this sitting began",
    "before": "seconds of the sittings before",
    "losses": "the state has those of them that count",
    "still": "what was told of the rates",
    "_batch_bytes": "measured when first needed",
    "_last_lr": "written by torch's schedulers, read by none of them",
}
"""Attributes that differ and are not saved as they are, with the reason."""
LEAVES = (bool, int, float, str, type(None), torch.dtype, torch.device, Path)


def mutable(value, path: str, found: dict, seen: set[int]) -> dict:
    """Every number, text and tensor that can be reached from an object, by its path."""
    if isinstance(value, LEAVES) or isinstance(value, torch.Tensor):
        found[path] = value
    elif id(value) in seen:
        pass
    elif isinstance(value, dict):
        keep = seen | {id(value)}
        for name, each in value.items():
            name = name if isinstance(name, str | int | tuple) else key_of(name)
            mutable(each, f"{path}[{name!r}]", found, keep)
    elif isinstance(value, list | tuple | set):
        for number, each in enumerate(value):
            mutable(each, f"{path}[{number}]", found, seen | {id(value)})
    elif hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value) | isinstance(value, Spec):
        for name in vars(value).keys() - NOT_STATE.keys():
            mutable(vars(value)[name], f"{path}.{name}", found, seen | {id(value)})
    elif isinstance(value, torch.nn.Module):
        mutable(vars(value), path, found, seen | {id(value)})
    return found


def key_of(tensor) -> str:
    """What tells a tensor from others in both runs: optimizers keep their state by tensors, in the order of thaws."""
    return f"{list(tensor.shape)} {tensor.flatten()[0].item()}" if isinstance(tensor, torch.Tensor) else "key"


def lacking(tmp_path: Path, change=lambda here: None) -> list[str]:
    """What is different between a run after six steps and one that is restored from its checkpoint."""
    source = spec(EVERYTHING)
    first = sitting(assemble(source, None, print), tmp_path)
    (tmp_path / "checkpoints").mkdir(exist_ok=True)
    first.loop.total_steps = 6
    change(first)
    first.loop.run(first.parts.state)
    path = first.saver.save(first.parts.state)
    earlier = Earlier(tmp_path, {"data": {"statistics": None}}, source, checkpoint=path)
    second = sitting(assemble(source, None, print), tmp_path, earlier)
    second.loop.total_steps = 6
    pair = [mutable(each, "", {}, set()) for each in (first, second)]
    return sorted(name for name in pair[0].keys() | pair[1].keys() if not same(*(each.get(name) for each in pair)))


def test_whatever_changes_is_in_the_state(tmp_path):
    assert lacking(tmp_path) == []


def test_what_the_state_lacks_is_noticed(tmp_path):
    def forget(here):
        here.loop.hooks[-1].steps = []
        here.loop.step.after_update.append(lambda state: here.loop.hooks[-1].steps.append(state.step))

    assert any("steps" in name for name in lacking(tmp_path, forget))
