"""A run that stopped and went on is, to the bit, the run that never stopped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from small_specs import DIGITS, IRIS, spec, trained

from tnet.diagnostics import SpecError
from tnet.spec import Spec
from tnet.training import checkpoints
from tnet.training.loop import Loop
from tnet.training.parts import assemble
from tnet.training.resuming import Earlier
from tnet.training.sitting import sitting
from tnet.training.state import State

RULES = """
  head         { parametrize = spectral_norm; l1 = 1e-4 }
  norm         { optimizer = RMSprop(lr=1e-3, momentum=0.9); clip_norm = 1 }
  conv         { freeze = 7 steps; schedule = StepLR(4 steps); histogram = true }
  norm.weight  { freeze = 1 epoch }
}

data {"""
"""Two optimizers, a schedule of its own, parameters that thaw while it runs, vectors of a spectral norm."""

EVERYTHING = (
    DIGITS.replace("}\n\ndata {", RULES.lstrip("\n"))
    .replace("split = [0.8, 0.1, 0.1]", "split = [100, 20, 20]")
    .replace(
        "  epochs    = 1\n  batch     = 64\n",
        """  epochs     = 3
  batch      = 24
  accumulate = 2
  ema        = 0.9
  mixup      = 0.2
  clip_norm  = 1.0
  log_every  = 1
  evaluate   = 4 steps
  early_stop = Patience(9)
  checkpoint = Checkpoint(every=4 steps, best="val.accuracy")
""",
    )
)
"""Five steps an epoch, fifteen in all, the last batch of four samples, with all that keeps a state."""


class Stops:
    """The loop is asked to stop, as by a signal, in the steps `at`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.at: list[int] = []
        run, advance = Loop.run, State.advance

        def running(loop, state):
            self.stop = loop.stop
            return run(loop, state)

        def advancing(state, batches):
            advance(state, batches)
            self.stop.requested |= state.step in self.at

        monkeypatch.setattr(Loop, "run", running)
        monkeypatch.setattr(State, "advance", advancing)


@pytest.fixture
def stops(monkeypatch):
    return Stops(monkeypatch)


def events(path: Path) -> list[dict]:
    """What was recorded, but for the time taken."""
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def state_of(path: Path) -> dict:
    state = checkpoints.load(checkpoints.steps(path / "checkpoints")[-1])
    state["parts"].pop("clock")
    return state


def same(one, other) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(each, other[name]) for name, each in one.items())
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def assert_same_runs(one: Path, other: Path) -> None:
    assert events(one) == events(other)
    assert same(load_file(one / "model.safetensors"), load_file(other / "model.safetensors"))
    first, second = state_of(one), state_of(other)
    first |= first.pop("parts")
    second |= second.pop("parts")
    assert first.keys() == second.keys() and [name for name in first if not same(first[name], second[name])] == []


def refused(work, code: str):
    with pytest.raises(SpecError) as caught:
        work()
    assert [each.code for each in caught.value.diagnostics] == [code], caught.value
    return caught.value.diagnostics[0]


def go_on(path: Path, text: str = EVERYTHING, overrides=None, **options):
    return spec(text, overrides).train(out=path, resume=True, **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run that never stopped."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run = trained(tmp_path_factory.mktemp("whole") / "run", text=EVERYTHING)
    torch.set_num_threads(threads)
    return run


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
    "_sample_bytes": "measured when first needed",
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


# ---- what has changed ---------------------------------------------------------------------------------------------


def stopped_at(path: Path, stops: Stops, step: int, text: str = EVERYTHING, overrides=None, **options):
    stops.at = [step]
    run = trained(path, overrides, text, **options)
    assert run.stopped
    stops.at = []
    return run


def test_more_epochs_and_another_rate_take_effect_when_accepted(tmp_path, stops):
    stopped_at(tmp_path / "run", stops, 7, overrides={"train.log_every": 1})
    changed = {"train.epochs": 4, "train.optimizer.lr": 0.02}
    problem = refused(lambda: go_on(tmp_path / "run", overrides=changed), "TN0905")
    told = [each.message for each in problem.notes]
    assert problem.message.startswith("3 settings have changed") and "--accept-changes" in problem.help
    assert told == [
        "`lr of head.weight, head.bias` 0.005 → 0.01: takes effect",
        "`train.epochs` 3 → 4: takes effect",
        "`train.optimizer` AdamW(lr=0.01, weight_decay=0.02) → AdamW(lr=0.02, weight_decay=0.02): takes effect",
    ]
    run = go_on(tmp_path / "run", overrides=changed, accept_changes=True)
    rates = {each["step"]: each["lr"]["head"] for each in events(run.path) if each["event"] == "step"}
    fresh = trained(tmp_path / "fresh", changed, EVERYTHING)
    planned = {each["step"]: each["lr"]["head"] for each in events(fresh.path) if each["event"] == "step"}
    assert len(rates) == 20 and [rates[n] for n in range(8, 21)] == [planned[n] for n in range(8, 21)]
    assert rates[7] == planned[7] / 2
    about = yaml.safe_load((run.path / "run.yaml").read_text())
    assert about["resumed"][0]["changes"] == told and about["steps"]["total"] == 20
    assert go_on(tmp_path / "run").metrics.items() <= run.metrics.items(), "what was accepted holds from then on"


def test_an_ended_run_goes_on_for_more_epochs(tmp_path, capsys):
    short = trained(tmp_path / "run")
    assert go_on(tmp_path / "run", IRIS).metrics.items() <= short.metrics.items()
    assert "has ended: nothing is left to do" in capsys.readouterr().err
    go_on(tmp_path / "run", IRIS, {"train.epochs": 5}, accept_changes=True)
    trained(tmp_path / "whole", {"train.epochs": 5})
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


@pytest.mark.parametrize("before, after, words", [
    ("batch      = 24", "batch = 20", "`train.batch` has changed"),
    ("split = [100, 20, 20]", "split = [90, 30, 20]", "`data.split` has changed"),
    ("Conv2d(8, 3", "Conv2d(9, 3", "the net's parameters have changed"),
    ("train = Digits()", 'train = Tensors("x.npz")', "`data.train` has changed"),
])  # fmt: skip
def test_what_cannot_change_is_refused(tmp_path, stops, before, after, words):
    run = stopped_at(tmp_path / "run", stops, 2)
    kept = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    problem = refused(lambda: go_on(run.path, EVERYTHING.replace(before, after), accept_changes=True), "TN0905")
    assert words in problem.message
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == kept


@pytest.mark.parametrize("before, after, words", [
    ("seed      = 42", "seed = 1", "`train.seed` 42 → 1: has no effect"),
    ("Dropout(0.2)", "Dropout(0.4)", "effect (- self.dropout = nn.Dropout(0.2); + self.dropout = nn.Dropout(0.4))"),
    ("degrees=8", "degrees=9", "`data.augment` "),
    (":bias, :norm { weight_decay = 0 }", ":bias { weight_decay = 0 }", "`weight_decay of norm.weight` 0 → not set"),
    ("head         {", "conv { init = ones }; head {", "`init of conv.weight` not set → ones: has no effect"),
    ("ema        = 0.9", "clip_value = 3", "`train.ema` 0.9 → none: takes effect"),
    ("AdamW(lr=1e-2", "SGD(lr=1e-2", "`train.optimizer` AdamW"),
    ("# a comment", "# another", None),
])  # fmt: skip
def test_what_has_changed_is_told_with_its_effect(tmp_path, stops, before, after, words, capsys):
    text = "# a comment" + EVERYTHING
    run = stopped_at(tmp_path / "run", stops, 3, text)
    whole = go_on(run.path, text.replace(before, after), accept_changes=True)
    said = capsys.readouterr().err
    assert (words in said and "changed: " in said) if words else "changed: " not in said
    assert events(run.path)[-1]["step"] == 15 and not whole.stopped


def test_a_loss_block_is_part_of_the_comparison(tmp_path, stops, capsys):
    block = "block Squared(scale=2)(output, target) { return mean((output - one_hot(target, 10)) ** 2) * scale }\n"
    text = block + EVERYTHING.replace("CrossEntropyLoss(label_smoothing=0.05)", "Squared")
    text = text.replace("mixup      = 0.2", "").replace("  metrics   = [accuracy]\n", "").replace("accuracy", "loss")
    run = stopped_at(tmp_path / "run", stops, 3, text)
    problem = refused(lambda: go_on(run.path, text.replace("scale=2", "scale=3")), "TN0905")
    assert [each.message for each in problem.notes] == ["`Squared`: takes effect"]


def test_names_and_values_of_the_command_hold_when_it_goes_on(tmp_path, stops):
    stops.at = [8]
    spec(IRIS, {"train.optimizer.lr": "0.05"}, width=8).train(out=tmp_path / "run")
    stops.at = []
    run = spec(IRIS).train(out=tmp_path / "run", resume=True)
    assert run.spec.hypers == {"width": 8} and run.spec.recipe.optimizer.options["lr"] == 0.05
    spec(IRIS, {"train.optimizer.lr": 0.05}, width=8).train(out=tmp_path / "whole")
    assert_same_runs(tmp_path / "whole", tmp_path / "run")


def test_statistics_of_the_data_are_those_of_the_run(tmp_path, stops):
    """Data from Python, to stand in for the data section, with samples for `auto` that are others by then."""
    data = {"train": (torch.randn(40, 4), torch.arange(40) % 3), "val": (torch.randn(9, 4), torch.arange(9) % 3)}
    stopped_at(tmp_path / "run", stops, 4, IRIS, data=data)
    x = data["train"][0]
    fewer = {**data, "train": (x[:39], torch.arange(39) % 3)}
    problem = refused(lambda: go_on(tmp_path / "run", IRIS, data=fewer), "TN0905")
    assert "40 samples then, 39 now" in problem.message
    run = go_on(tmp_path / "run", IRIS, data={**data, "train": (x + 1, data["train"][1])})
    means = yaml.safe_load((run.path / "run.yaml").read_text())["data"]["statistics"][0]["mean"]
    assert means == pytest.approx(x.mean(0).tolist(), abs=1e-5)


# ---- which run, from which checkpoint -----------------------------------------------------------------------------


def test_the_newest_run_is_taken_up(tmp_path, monkeypatch, stops):
    monkeypatch.chdir(tmp_path)
    assert "there is no run in `runs/text`" in refused(lambda: spec().train(resume=True), "TN0902").message
    stopped_at(Path("runs/text/2020-01-01_00-00-00"), stops, 2, IRIS)
    newest = stopped_at(None, stops, 3, IRIS)
    assert spec().train(resume=True).path == newest.path


def test_a_folder_that_is_no_run_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").write_text("x")
    refused(lambda: go_on(tmp_path, IRIS), "TN0902")
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
    run = go_on(tmp_path / "new", IRIS)
    assert "a new one starts" in capsys.readouterr().err and not run.stopped


def test_a_run_killed_before_its_first_checkpoint_starts_again(tmp_path, stops):
    """With a `run.yaml`, and without one: what was written then is written anew."""
    whole = trained(tmp_path / "whole")
    for name in ("run.yaml", "metrics.jsonl", "nothing"):
        run = stopped_at(tmp_path / name, stops, 2, IRIS)
        checkpoints.remove_folder(run.checkpoint)
        (run.path / name).unlink(missing_ok=True)
        go_on(run.path, IRIS)
        assert_same_runs(whole.path, run.path)


DAMAGES = {
    "flipped": lambda path: path.write_bytes(path.read_bytes()[:-9] + bytes([path.read_bytes()[-9] ^ 4]) + b"12345678"),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("name, damage", [
    ("model.safetensors", "flipped"), ("state.safetensors", "truncated"), ("state.json", "missing"),
    ("manifest.json", "truncated"), ("manifest.json", "missing"), ("state.json", "empty"),
])  # fmt: skip
def test_a_damaged_checkpoint_is_passed_over_with_a_warning(tmp_path, whole, stops, capsys, name, damage):
    run = stopped_at(tmp_path / "run", stops, 11)
    DAMAGES[damage](run.checkpoint / name)
    go_on(run.path)
    said = capsys.readouterr().err
    assert "warning: " in said and str(run.checkpoint) in said and "going on from step-00000008" in said
    assert_same_runs(whole.path, run.path)
    assert (run.path / "checkpoints" / "damaged-step-00000011").exists()


def test_no_checkpoint_that_is_whole(tmp_path, stops):
    run = stopped_at(tmp_path / "run", stops, 7)
    for path in checkpoints.steps(run.path / "checkpoints"):
        DAMAGES["flipped"](path / "state.safetensors")
    problem = refused(lambda: go_on(run.path), "TN0903")
    assert "no usable checkpoint" in problem.message and all("damaged" in each.message for each in problem.notes)
    assert checkpoints.steps(run.path / "checkpoints"), "they stay as they are"


def test_the_last_weights_stand_in_for_best_ones_that_are_damaged(tmp_path, stops, capsys):
    rates = {"train.epochs": 6, "train.optimizer.lr": 3.0, "train.checkpoint": 'Checkpoint(best="val.loss")'}
    run = stopped_at(tmp_path / "run", stops, 35, IRIS, rates)
    best = run.path / "checkpoints" / f"step-{checkpoints.load(run.checkpoint)['best'][1]:08d}"
    DAMAGES["truncated"](best / "model.safetensors")
    resumed = go_on(run.path, IRIS)
    assert "the result is the last weights, not the best" in capsys.readouterr().err
    assert resumed.checkpoint.name == "step-00000036"


@pytest.mark.parametrize("tail", [b'{"event": "step", "ste', b"null\n", b'{"event": "step", "step": 9}\n'])
def test_records_are_cut_to_where_the_run_goes_on(tmp_path, whole, stops, tail):
    run = stopped_at(tmp_path / "run", stops, 6)
    with open(run.path / "metrics.jsonl", "ab") as file:
        file.write(tail)
    go_on(run.path)
    assert_same_runs(whole.path, run.path)


def test_tensorboard_goes_on_too(tmp_path, stops):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    text = EVERYTHING.replace("log_every  = 1", "log_every = 1; log = [tensorboard]")
    stopped_at(tmp_path / "run", stops, 6, text)
    go_on(tmp_path / "run", text)
    written = EventAccumulator(str(tmp_path / "run")).Reload()
    assert [event.step for event in written.Scalars("train/loss")] == list(range(1, 16))
