"""Each trick against a loop by hand: bit-equal losses over twenty steps, and equal weights at the end."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from small_specs import IRIS, spec, trained
from torch.nn.utils import clip_grad_value_
from trained_by_hand import PLAIN, ByHand, criterion, losses_of, plain_steps, seed_model, with_settings

from tnet.data import streams
from tnet.diagnostics import SpecError
from tnet.render.report import live
from tnet.training import checkpoints


def same_weights(run, model) -> bool:
    return all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in run.model.state_dict().items())


def draws(step: int) -> np.random.Generator:
    return np.random.default_rng(streams.key(42, "mixing", step, 0))


def partners(step: int) -> torch.Tensor:
    return streams.permutation(streams.key(42, "partners", step, 0), 32)


def mixup_by_hand(model, batch, step, generator=None):
    generator, index = generator or draws(step), partners(step)
    lam = generator.beta(0.2, 0.2)
    x, a, b = batch["image"], batch["target"], batch["target"][index]
    seed_model(step)
    outputs = model(lam * x + (1 - lam) * x[index])
    return lam * criterion(outputs, a) + (1 - lam) * criterion(outputs, b)


def box(size: int, lam: float, generator: np.random.Generator) -> tuple[int, int]:
    cut, centre = int(size * np.sqrt(1 - lam)), generator.integers(size)
    return np.clip(centre - cut // 2, 0, size), np.clip(centre + cut // 2, 0, size)


def cutmix_by_hand(model, batch, step, generator=None):
    generator, index = generator or draws(step), partners(step)
    lam = generator.beta(1.0, 1.0)
    x, a, b = batch["image"].clone(), batch["target"], batch["target"][index]
    (top, bottom), (left, right) = box(8, lam, generator), box(8, lam, generator)
    x[:, :, top:bottom, left:right] = batch["image"][index, :, top:bottom, left:right]
    lam = 1 - (bottom - top) * (right - left) / 64
    seed_model(step)
    outputs = model(x)
    return lam * criterion(outputs, a) + (1 - lam) * criterion(outputs, b)


@pytest.mark.parametrize("setting, by_hand", [("mixup = 0.2", mixup_by_hand), ("cutmix = 1.0", cutmix_by_hand)])
def test_mixing_is_the_loop_of_the_papers(tmp_path, setting, by_hand):
    """L4"""
    run = trained(tmp_path / "run", text=with_settings(setting))
    expected = ByHand(loss=by_hand)
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    assert same_weights(run, expected.model)


def test_clip_value(tmp_path):
    run = trained(tmp_path / "run", text=with_settings("clip_value = 0.01"))
    expected = ByHand(before_update=lambda model: clip_grad_value_(model.parameters(), 0.01))
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    assert same_weights(run, expected.model)


def test_ema_is_torchs_averaged_model(tmp_path):
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    run = trained(tmp_path / "run", text=with_settings("ema = 0.9"))
    averaged = []

    def update(model, step):
        if not averaged:
            averaged.append(AveragedModel(copy.deepcopy(model), multi_avg_fn=get_ema_multi_avg_fn(0.9)))
        averaged[0].update_parameters(model)

    expected = ByHand(after_update=update)
    average = averaged[0].module
    assert losses_of(tmp_path / "run") == expected.losses == ByHand().losses
    assert same_weights(run, average) and not same_weights(run, expected.model)
    saved = load_file(tmp_path / "run" / "model.safetensors")
    assert all(torch.equal(saved[name], tensor) for name, tensor in average.state_dict().items())
    kept = checkpoints.load(run.checkpoint)
    assert all(torch.equal(kept["model"][name], tensor) for name, tensor in expected.model.state_dict().items())
    assert all(torch.equal(kept["average"][name], tensor) for name, tensor in average.state_dict().items())


def taught(path, settings: str = 'weights="t.safetensors"', net: str = "Linear(10)", text: str = PLAIN):
    """A run that learns from a linear teacher whose weights are drawn, and the teacher."""
    (path / "teacher.tnet").write_text(f"net T(image: float[N, 1, 8, 8]) -> float[N, 10] {{ flatten(1); {net} }}")
    teacher = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10)).requires_grad_(False)
    save_file({"linear.weight": teacher[1].weight, "linear.bias": teacher[1].bias}, path / "t.safetensors")
    call = f'distill = Distill("teacher.tnet", {settings}, temperature=3, weight=0.5)'
    return lambda: trained(path / "run", text=with_settings(call, text=text)), teacher


def test_distillation_is_the_loop_of_the_paper(tmp_path, monkeypatch):
    """L5: loss + weight · T² · KL; evaluation is by the loss alone."""
    monkeypatch.chdir(tmp_path)
    work, teacher = taught(tmp_path)
    run = work()

    def distilled(model, batch, step):
        seed_model(step)
        outputs = model(batch["image"])
        shares = torch.log_softmax(outputs / 3, 1), torch.softmax(teacher(batch["image"]) / 3, 1)
        return criterion(outputs, batch["target"]) + 0.5 * 3.0**2 * torch.nn.functional.kl_div(
            *shares, reduction="batchmean"
        )

    expected = ByHand(loss=distilled)
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    assert same_weights(run, expected.model)
    batch = next(iter(run.spec.data_recipe.load(42, 200).val))
    with torch.no_grad():
        assert run.metrics["val.loss"] == pytest.approx(
            float(criterion(run.model(batch["image"]), batch["target"])), rel=1e-5
        )


@pytest.mark.parametrize("settings, net, code, words", [
    ('weights="no.safetensors"', "Linear(10)", "TN0702", "no file or folder"),
    ('weights="t.safetensors"', "Linear(5); Linear(10)", "TN0703", "the teacher: `linear_1.weight` is missing"),
])  # fmt: skip
def test_teachers_that_do_not_fit(tmp_path, monkeypatch, settings, net, code, words):
    monkeypatch.chdir(tmp_path)
    work, _ = taught(tmp_path, settings, net)
    with pytest.raises(SpecError) as caught:
        work()
    (found,) = caught.value.diagnostics
    assert found.code == code and words in found.message


def test_a_teacher_of_other_classes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    work, _ = taught(tmp_path, text=PLAIN.replace("float[N, 10]", "float[N, 11]").replace("Linear(10)", "Linear(11)"))
    with pytest.raises(SpecError, match=r"the teacher gives \[N, 10\], the net \[N, 11\]"):
        work()


def test_channels_last_is_torchs_memory_format(tmp_path):
    run = trained(tmp_path / "run", text=with_settings("channels_last = true"))
    formats = []

    def laid_out(model, batch, step):
        model.to(memory_format=torch.channels_last)
        seed_model(step)
        image = batch["image"].contiguous(memory_format=torch.channels_last)
        formats.append(image.is_contiguous(memory_format=torch.channels_last))
        return criterion(model(image), batch["target"])

    expected = ByHand(loss=laid_out)
    assert losses_of(tmp_path / "run") == expected.losses and all(formats)
    assert same_weights(run, expected.model)


def test_m6_batch_norms_are_converted(tmp_path):
    """M6: in one process the statistics are the batch's own, as torch has it; names and rules stay as they are."""
    rules = "parameters { norm { lr = 0.05 } }\ndata {"
    text = with_settings("sync_batchnorm = true").replace("data {", rules, 1)
    run = trained(tmp_path / "run", text=text)
    source = spec(text.replace("sync_batchnorm = true", ""))
    model = source.model()
    optimizer = source.optimizer(model)
    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)
    losses = plain_steps(model, optimizer, source.data().train.epoch(0))
    assert isinstance(run.model.norm, torch.nn.SyncBatchNorm)
    assert losses_of(tmp_path / "run") == losses and same_weights(run, model)


def test_anomaly_names_the_function(tmp_path):
    """The same losses; and where a gradient is no number, which function of autograd gave it."""
    trained(tmp_path / "run", text=with_settings("anomaly = true"))
    assert losses_of(tmp_path / "run") == ByHand().losses and not torch.is_anomaly_enabled()
    text = with_settings("anomaly = true", text=PLAIN.replace("flatten(1)", "flatten(1); x = sqrt(x - x)"))
    with pytest.raises(SpecError, match=r"at step 1 \(`\w+Backward0` gives a gradient that is none\)"):
        trained(tmp_path / "nan", text=text)


def test_swa_is_torchs(tmp_path):
    """The mean of the weights, a constant rate, and statistics of batch norms from all training samples."""
    from torch.optim.swa_utils import SWALR, AveragedModel, get_swa_multi_avg_fn, update_bn

    run = trained(tmp_path / "run", text=with_settings("swa = SWA(start=0.5, lr=0.05, every=2 steps)"))
    kept = []

    def update(model, step):
        if not kept:
            kept.append(AveragedModel(copy.deepcopy(model), multi_avg_fn=get_swa_multi_avg_fn()))
        if step + 1 > 10 and (step + 1) % 2 == 0:
            kept[0].update_parameters(model)

    def rates(optimizer):
        return SWALR(optimizer, swa_lr=0.05, anneal_epochs=0)

    expected = ByHand(after_update=update, schedule=rates, schedule_from=9)
    assert losses_of(tmp_path / "run") == expected.losses != ByHand().losses
    average = kept[0].module
    torch.manual_seed(streams.key(42, "swa", 20, 0))
    update_bn((batch["image"] for batch in spec(PLAIN).data().train.epoch(0)), average)
    assert same_weights(run, average) and kept[0].n_averaged == 5
    plan = spec(with_settings("swa = SWA(start=0.5, lr=0.05)")).plan()
    assert plan.groups[0].rates == [0.1] * 10 + [0.05] * 10


def test_evaluation_and_best_use_the_average(tmp_path):
    text = with_settings("ema = 0.99", 'checkpoint = Checkpoint(best="val.loss")', "evaluate = 4 steps")
    run = trained(tmp_path / "run", text=text)
    batch = next(iter(run.spec.data_recipe.load(42, 200).val))
    best = checkpoints.load(run.checkpoint)
    assert all(torch.equal(best["average"][name], tensor) for name, tensor in run.model.state_dict().items())
    with torch.no_grad():
        loss = float(criterion(run.model.eval()(batch["image"]), batch["target"]))
    events = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    found = min(event["val.loss"] for event in events if event["event"] == "evaluate")
    assert loss == pytest.approx(found, rel=1e-5)


def test_a_state_with_an_average_is_restored(tmp_path):
    """Ten more steps from a checkpoint are those of a run that went on."""
    from tnet.training.parts import assemble
    from tnet.training.tricks import tricks_of

    run = trained(tmp_path / "run", text=with_settings("ema = 0.9", "early_stop = Patience(9)"))
    parts = assemble(spec(with_settings("ema = 0.9")), None, print)
    parts.state.load_state_dict(checkpoints.load(run.checkpoint))
    assert parts.state.step == 20 and same_weights(run, parts.state.average)
    (trick,) = tricks_of(parts)
    trick.after_update(parts.state)
    moved = parts.state.average.head.weight
    expected = run.model.head.weight.detach().lerp(parts.state.model.head.weight.detach(), 1 - 0.9)
    assert torch.equal(moved.detach(), expected)


def test_mixing_with_accumulation_mixes_the_whole_batch(tmp_path):
    """Each part has the partners and the weight of the batch."""
    text = PLAIN.replace("Dropout(0.2)", "").replace("-> norm: BatchNorm2d", "")
    trained(tmp_path / "run", text=with_settings("mixup = 0.2", "accumulate = 2", text=text))
    assert losses_of(tmp_path / "run") == pytest.approx(ByHand(text, loss=mixup_by_hand).losses, rel=1e-5)


def test_both_mixings_take_turns_by_a_coin(tmp_path):
    trained(tmp_path / "run", text=with_settings("mixup = 0.2", "cutmix = 1.0"))

    def either(model, batch, step):
        generator = draws(step)
        coins.append(int(generator.integers(2)))
        return (mixup_by_hand, cutmix_by_hand)[coins[-1]](model, batch, step, generator)

    coins = []
    assert losses_of(tmp_path / "run") == ByHand(loss=either).losses
    assert {0, 1} == set(coins)


def test_mixed_batches_compile_once(tmp_path):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    trained(tmp_path / "run", text=with_settings("mixup = 0.2").replace("compile   = false", ""))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert not torch._dynamo.utils.counters["graph_break"]
    assert losses_of(tmp_path / "run") == pytest.approx(ByHand(loss=mixup_by_hand).losses, rel=0.2)


def test_early_stop_ends_after_so_many_evaluations_without_a_better_one(tmp_path, capsys):
    """R12: the rates are so high that nothing gets better soon."""
    text = IRIS.replace("epochs    = 3", 'epochs = 50; early_stop = Patience(2, monitor="val.accuracy"); log_every = 1')
    run = trained(tmp_path / "run", {"train.checkpoint": "Checkpoint(every=100 epochs)"}, text)
    events = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    values = [event["val.accuracy"] for event in events if event["event"] == "evaluate"]
    best = values.index(max(values))
    assert len(values) == best + 3 < 50
    assert events[-1]["event"] == "end" and events[-1]["step"] == len(values) * 6 and not run.stopped
    assert "stopping early: `val.accuracy` is no better after 2 evaluations" in capsys.readouterr().err
    assert run.checkpoint.name == f"step-{len(values) * 6:08d}"
    assert run.about["steps"]["total"] == 300
    saved = checkpoints.load(run.checkpoint)
    assert saved["parts"]["early_stop"] == {"monitor": "val.accuracy", "best": max(values), "waited": 2}


def test_a_target_that_is_no_class_and_no_numbers_is_found_in_the_data(tmp_path):
    text = "net Tiny(row: float[N, 8]) -> float[N, 3] { Linear(3) }\n"
    text += "train { epochs = 1; batch = 4; loss = MultiLabelMarginLoss(); optimizer = SGD(lr=0.1); mixup = 0.2 }"
    with pytest.raises(SpecError, match="takes a list of classes"):
        trained(tmp_path / "run", text=text)
    numbers = spec(text.replace("MultiLabelMarginLoss", "MSELoss"), {"train.compile": False})
    numbers.train(tmp_path / "run", (torch.randn(8, 8), torch.randn(8, 3)))
    assert len(losses_of(tmp_path / "run")) == 0 and numbers.recipe.mixup == 0.2
    labels = torch.zeros(8, 3, dtype=torch.int64)
    with pytest.raises(SpecError, match=r"but `target` is `int64\[N, 3\]`"):
        numbers.train(tmp_path / "again", (torch.randn(8, 8), labels))


def test_confusion_is_counted_and_shown(tmp_path, capsys):
    run = trained(tmp_path / "run", text=IRIS.replace("[accuracy]", "[accuracy, confusion]"))
    matrix = run.metrics["test.confusion"]
    assert np.shape(matrix) == (3, 3) and np.sum(matrix) == 30
    assert np.trace(matrix) / 30 == pytest.approx(run.metrics["test.accuracy"])
    shown = capsys.readouterr().out
    assert "setosa" in shown and "rows are the classes" in shown


def test_tricks_read_nothing_from_the_device(tmp_path, monkeypatch):
    """R14: what an epoch reads does not grow with its steps."""
    from test_training import Reads

    monkeypatch.setattr(live, "SHARE", 0.0)
    settings = "mixup = 0.2; ema = 0.9; clip_value = 1; early_stop = Patience(9); log_every = 1000"
    counts = []
    for batch in (45, 5):
        with Reads() as reads:
            trained(tmp_path / str(batch), {"train.batch": batch}, IRIS.replace("epochs  ", f"{settings}; epochs  "))
        counts.append(reads.count)
    assert counts[0] == counts[1]
