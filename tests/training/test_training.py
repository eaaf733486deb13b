"""Training as a whole: equal to a loop by hand, a pure function of the seed, every setting at work."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from small_specs import DIGITS, IRIS, spec, trained
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tnet.data import streams
from tnet.diagnostics import SpecError
from tnet.render.report import live
from tnet.render.report.live import Live
from tnet.training import environment, evaluate_run, load_run, predict, train
from tnet.training.world import World


def events(path: Path, kind: str) -> list[dict]:
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == kind]


def losses(path: Path) -> list[float]:
    return [event["train.loss"] for event in events(path, "step")]


def refused(work, code: str) -> str:
    with pytest.raises(SpecError) as caught:
        work()
    assert [each.code for each in caught.value.diagnostics] == [code], caught.value
    return caught.value.diagnostics[0].message


def test_twenty_steps_are_those_of_a_loop_by_hand(tmp_path):
    """R1: bit-equal losses, rates and weights, with dropout, batch norm, groups and a schedule of two stages."""
    run = trained(tmp_path / "run", {"train.steps": 20, "train.epochs": None, "train.log_every": 1}, DIGITS)
    source = spec(DIGITS)
    model, batches = source.model(), source.data().train
    head = [model.head.weight, model.head.bias]
    groups = [
        {"params": [model.conv.weight], "lr": 1e-2, "weight_decay": 0.02},
        {"params": [model.norm.weight, model.norm.bias], "lr": 1e-2, "weight_decay": 0.0},
        {"params": [head[0]], "lr": 5e-3, "weight_decay": 0.02},
        {"params": [head[1]], "lr": 5e-3, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.02)
    warm = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=10)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    expected, rates = [], []
    for step, batch in enumerate(batches.epoch(0)):
        if step == 20:
            break
        torch.manual_seed(streams.key(42, "model", step, 0))
        optimizer.zero_grad()
        loss = criterion(model(batch["image"]), batch["target"])
        loss.backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < 9:
            warm.step()
        elif step == 9:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"]
            cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
        else:
            cosine.step()
        expected.append(loss.item())
    assert losses(tmp_path / "run") == expected
    assert [event["lr"]["default"] for event in events(tmp_path / "run", "step")] == rates
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, run.model.state_dict()[name]), name


def test_a_run_is_a_function_of_its_seed(tmp_path):
    first = trained(tmp_path / "a", text=DIGITS)
    torch.manual_seed(99)
    again = trained(tmp_path / "b", text=DIGITS)
    other = trained(tmp_path / "c", {"train.seed": 1}, DIGITS)
    results = [{**run.metrics, "seconds": 0} for run in (first, again, other)]
    assert results[0] == results[1] != results[2]
    tensors = [load_file(tmp_path / name / "model.safetensors") for name in "ab"]
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


def test_training_leaves_the_process_as_it_was(tmp_path):
    torch.manual_seed(5)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    trained(tmp_path / "run", {"train.threads": 2, "train.matmul": "high", "train.deterministic": True})
    assert torch.equal(states[0], torch.get_rng_state()) and (states[1] == np.random.get_state()[1]).all()
    assert torch.get_num_threads() == 1 and torch.get_float32_matmul_precision() == "highest"
    assert not torch.are_deterministic_algorithms_enabled()


class Reads(TorchDispatchMode):
    """Counts how often a value is read from the device."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("observers, most", [([], 10), ([Live], 200)])
def test_values_stay_on_the_device_until_they_are_read(tmp_path, monkeypatch, observers, most):
    """R14: what an epoch reads does not grow with its steps, nor does what the report reads."""
    monkeypatch.setattr(live, "SHARE", 0.0)
    counts = []
    for batch in (45, 5):
        source = spec(IRIS, {"train.batch": batch, "train.log_every": 1000, "train.epochs": 2})
        with Reads() as reads:
            train(source, tmp_path / str(batch), observers=observers)
        counts.append(reads.count)
    assert counts[0] == counts[1] <= most


def test_the_folder_of_a_run(tmp_path):
    """E1: versions, device, seed, command and what was resolved are in `run.yaml`; nothing is a pickle."""
    source = spec(IRIS, {"train.epochs": 2}, width=8)
    run = source.train(out=tmp_path / "run", command="tnet train iris.tnet")
    about = yaml.safe_load((tmp_path / "run" / "run.yaml").read_text())
    assert about["versions"]["torch"] == torch.__version__ and about["device"].startswith("cpu")
    assert about["seed"] == 0 and about["command"] == "tnet train iris.tnet" and about["hypers"] == {"width": 8}
    assert about["settings"]["epochs"] == 2 and about["settings"]["optimizer"] == "SGD(lr=0.1, momentum=0.9)"
    assert about["settings"]["precision"] == "fp32" and about["data"]["settings"]["split"] == [0.6, 0.2, 0.2]
    assert about["data"]["samples"] == {"train": 90, "val": 30, "test": 30}
    assert about["steps"] == {"per_epoch": 6, "total": 12}
    assert (tmp_path / "run" / "spec.tnet").read_text() == IRIS
    names = {path.suffix for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert names == {".tnet", ".yaml", ".jsonl", ".safetensors", ".json", ".html"}
    assert run.path == tmp_path / "run" and run.metrics["test.accuracy"] > 0.5


def test_the_folder_of_a_run_without_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = spec().train(), spec().train()
    assert first.path != second.path and first.path.parent.parent == Path("runs")


def test_events(tmp_path):
    run = trained(tmp_path / "run", {"train.log_every": 4, "train.evaluate": "1 epoch"})
    steps = events(run.path, "step")
    assert [event["step"] for event in steps] == [4, 8, 12, 16] and steps[0]["epoch"] == pytest.approx(4 / 6)
    assert steps[0]["lr"] == {"default": 0.1}
    assert [event["step"] for event in events(run.path, "evaluate")] == [6, 12, 18]
    (end,) = events(run.path, "end")
    assert end["step"] == 18 and end["test.accuracy"] == run.metrics["test.accuracy"] and end["seconds"] > 0


def test_evaluation_at_steps_and_not_at_all(tmp_path):
    assert [e["step"] for e in events(trained(tmp_path / "a", {"train.evaluate": "4 steps"}).path, "evaluate")] == [
        4,
        8,
        12,
        16,
        18,
    ]
    assert [e["step"] for e in events(trained(tmp_path / "b", {"train.evaluate": "0.5 epochs"}).path, "evaluate")] == [
        3,
        6,
        9,
        12,
        15,
        18,
    ]
    assert events(trained(tmp_path / "c", {"train.evaluate": None}).path, "evaluate") == []


def test_evaluating_and_predicting_with_a_run(tmp_path):
    """R1: accuracy in total and by class."""
    run = trained(tmp_path / "run", text=DIGITS)
    results = evaluate_run(tmp_path / "run")
    assert results["test.accuracy"] == run.metrics["test.accuracy"]
    assert results["test.loss"] == pytest.approx(run.metrics["test.loss"], rel=1e-5)
    loader = spec(DIGITS).data().test
    with torch.no_grad():
        hits = torch.cat([run.model(batch["image"]).argmax(1) == batch["target"] for batch in loader])
    assert results["test.accuracy"] == pytest.approx(hits.float().mean().item())
    for number in range(10):
        assert results["test.by_class"][str(number)] == pytest.approx(
            hits[loader.labels == number].float().mean().item()
        )
    assert evaluate_run(tmp_path / "run", "val")["val.accuracy"] == run.metrics["val.accuracy"]


def test_predicting_from_files(tmp_path):
    import PIL.Image
    from sklearn.datasets import load_digits
    from torchvision.transforms.v2 import functional

    run = trained(tmp_path / "run", {"train.epochs": 2}, DIGITS)
    images = load_digits().images
    loader = spec(DIGITS).data().test
    with torch.no_grad():
        outputs = torch.cat([run.model(batch["image"]) for batch in loader])[:4]
    chosen = images[loader.indices[:4]]
    np.save(tmp_path / "several.npy", chosen)
    np.save(tmp_path / "unit.npy", chosen[0] / 16)
    picture = PIL.Image.fromarray((chosen[1] * 255 / 16).round().astype(np.uint8))
    picture.convert("RGB").save(tmp_path / "one.png")
    large = picture.resize((32, 32))
    large.save(tmp_path / "large.png")
    np.save(tmp_path / "resized.npy", functional.resize(functional.pil_to_tensor(large), [8, 8], antialias=True)[None])
    answers = predict(
        tmp_path / "run",
        [tmp_path / name for name in ("several.npy", "unit.npy", "one.png", "large.png", "resized.npy")],
    )
    assert [answer["index"] for answer in answers[:4]] == outputs.argmax(1).tolist()
    assert answers[0]["probability"] == pytest.approx(outputs[0].softmax(0).max().item(), abs=1e-5)
    assert answers[0]["class"] == str(answers[0]["index"]) and answers[0]["input"].endswith("several.npy[0]")
    np.testing.assert_allclose(answers[4]["output"], outputs[0], atol=1e-4)
    np.testing.assert_allclose(answers[5]["output"], outputs[1], atol=0.05)
    assert answers[6]["output"] == pytest.approx(answers[7]["output"])
    np.save(tmp_path / "wrong.npy", np.zeros((3, 5)))
    message = refused(lambda: predict(tmp_path / "run", [tmp_path / "wrong.npy"]), "TN0703")
    assert message.endswith("wrong.npy` has shape [3, 5]; the net takes `image: float32[N, 1, 8, 8]`")
    refused(lambda: predict(tmp_path / "run", [tmp_path / "nothing.npy"]), "TN0702")


def test_predicting_from_a_table(tmp_path):
    run = trained(tmp_path / "run")
    rows = spec().data().test.samples.tensors["features"][:3]
    lines = [",".join(map(str, row)) for row in rows.tolist()]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,d", *lines]))
    answers = predict(tmp_path / "run", [tmp_path / "t.csv", rows])
    assert len(answers) == 6 and answers[0]["class"] in ("setosa", "versicolor", "virginica")
    np.testing.assert_allclose([a["output"] for a in answers[:3]], [a["output"] for a in answers[3:]], atol=1e-5)
    assert run.metrics["test.accuracy"] > 0.5


def test_predicting_from_a_folder(tmp_path):
    import PIL.Image

    trained(tmp_path / "run", {"train.batch": 1000}, DIGITS.replace("for 10 steps", "for 1 step"))
    (tmp_path / "photos").mkdir()
    refused(lambda: predict(tmp_path / "run", [tmp_path / "photos"]), "TN0702")
    for name in ("b.png", "a.jpg", "notes.txt"):
        PIL.Image.new("L", (9, 9)).save(tmp_path / "photos" / name, format="png")
    answers = predict(tmp_path / "run", [tmp_path / "photos"])
    assert [Path(answer["input"]).name for answer in answers] == ["a.jpg", "b.png"]


def test_predicting_with_several_inputs(tmp_path):
    """They come by name: in a file that has names, or a map."""
    text = "net Two(a: float[N, 3], b: float[N, 2]) -> float[N, 4] { x = cat([a, b], dim=1); Linear(4) }\n"
    text += "train { epochs = 1; batch = 4; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); compile = false }"
    data = {"a": torch.randn(8, 3), "b": torch.randn(8, 2), "target": torch.arange(8) % 4}
    run = trained(tmp_path / "run", text=text, data=data)
    np.savez(tmp_path / "x.npz", a=data["a"], b=data["b"])
    with torch.no_grad():
        expected = run.model(data["a"], data["b"])
    for given in (tmp_path / "x.npz", {"b": data["b"], "a": data["a"]}):
        answers = predict(tmp_path / "run", [given])
        np.testing.assert_allclose([answer["output"] for answer in answers], expected, rtol=1e-6)
    (one,) = predict(tmp_path / "run", [{"a": data["a"][0], "b": data["b"][0]}])
    np.testing.assert_allclose(one["output"], expected[0], rtol=1e-6)
    np.save(tmp_path / "a.npy", data["a"])
    assert "the net takes `a`, `b`" in refused(lambda: predict(tmp_path / "run", [tmp_path / "a.npy"]), "TN0703")
    assert "has no `b`" in refused(lambda: predict(tmp_path / "run", [{"a": data["a"]}]), "TN0703")
    uneven = {"a": data["a"], "b": data["b"][:3]}
    assert "differ in their number" in refused(lambda: predict(tmp_path / "run", [uneven]), "TN0703")


@pytest.mark.parametrize(
    "name, content", [("x.csv", b""), ("x.csv", b"a,b,c,d\n"), ("x.csv", b"1,2\n3\n"), ("x.npy", b"")]
)
def test_files_without_samples(tmp_path, name, content, recwarn):
    trained(tmp_path / "run", {"train.steps": 1, "train.epochs": None})
    (tmp_path / name).write_bytes(content)
    refused(lambda: predict(tmp_path / "run", [tmp_path / name]), "TN0702")
    assert not [each for each in recwarn if "loadtxt" in str(each.message)]
    refused(lambda: predict(tmp_path / "run", [np.zeros((0, 4))]), "TN0702")


def test_weights_that_are_damaged_or_of_another_net(tmp_path):
    spec(IRIS, {"train.steps": 1, "train.epochs": None}, width=8).train(out=tmp_path / "run")
    from tnet.opening import from_python

    message = refused(lambda: load_run(tmp_path / "run", from_python({"width": 4})), "TN0903")
    assert "does not fit the net: `linear.weight` is [8, 4], the net has [4, 4]" in message
    weights = tmp_path / "run" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert "model.safetensors` is damaged" in refused(lambda: load_run(tmp_path / "run"), "TN0903")
    wanted = {"train.weights": str(weights)}
    assert "model.safetensors` is damaged" in refused(lambda: trained(tmp_path / "b", wanted), "TN0702")


def test_a_device_that_is_none(tmp_path):
    trained(tmp_path / "run", {"train.steps": 1, "train.epochs": None})
    for work in (lambda: evaluate_run(tmp_path / "run", device="foo"), lambda: predict(tmp_path / "run", [], "foo")):
        assert "the device `foo` cannot be used" in refused(work, "TN0802")


def test_a_run_is_read_again_with_its_hypers_and_overrides(tmp_path):
    trained_run = spec(IRIS, {"train.optimizer.lr": "0.05"}, width=8).train(out=tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert run.model.head.in_features == 8 and run.spec.recipe.optimizer.options["lr"] == 0.05
    assert (
        run.metrics["test.accuracy"] == trained_run.metrics["test.accuracy"]
        and run.checkpoint == trained_run.checkpoint
    )
    for name, tensor in trained_run.model.state_dict().items():
        assert torch.equal(tensor, run.model.state_dict()[name])


def test_the_best_checkpoint_is_the_result(tmp_path):
    """R12: the best weights are restored at the end, and the time taken is told."""
    overrides = {
        "train.checkpoint": 'Checkpoint(every=1 epoch, keep=1, best="val.loss")',
        "train.epochs": 6,
        "train.optimizer.lr": 3.0,
    }
    run = trained(tmp_path / "run", overrides)
    values = {event["step"]: event["val.loss"] for event in events(run.path, "evaluate")}
    best = min(values, key=values.get)
    assert best != max(values), "the test wants a run that gets worse"
    assert run.checkpoint.name == f"step-{best:08d}"
    kept = load_file(run.checkpoint / "model.safetensors")
    result = load_file(tmp_path / "run" / "model.safetensors")
    assert all(torch.equal(kept[name], result[name]) for name in kept)
    assert evaluate_run(tmp_path / "run", "val")["val.loss"] == pytest.approx(values[best], rel=1e-5)
    assert {path.name for path in (tmp_path / "run" / "checkpoints").iterdir()} == {f"step-{best:08d}", "step-00000036"}
    assert run.metrics["seconds"] > 0


def test_arrays_in_memory(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 4))
    y = (x.sum(1) > 0).astype(int)
    run = trained(tmp_path / "run", {"train.epochs": 10}, data=(x, y))
    assert run.metrics["test.accuracy"] > 0.7
    assert evaluate_run(tmp_path / "run", data=(torch.from_numpy(x), y))["test.accuracy"] > 0.7


# ---- settings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overrides", [
    {"train.batch": 8}, {"train.optimizer.lr": 0.2}, {"train.seed": 3}, {"train.precision": "bf16"},
    {"train.clip_norm": 0.01}, {"train.clip_norm": "Norm(0.01, type=1)"}, {"train.loss.label_smoothing": 0.3},
    {"train.schedule": "CosineAnnealingLR"}, {"data.split_seed": 4}, {"data.split": "[0.5, 0.3, 0.2]"},
], ids=str)  # fmt: skip
def test_settings_change_what_is_trained(tmp_path, overrides):
    plain = trained(tmp_path / "a", {"train.log_every": 1})
    changed = trained(tmp_path / "b", {"train.log_every": 1, **overrides})
    assert losses(plain.path) != losses(changed.path)


def test_a_batch_in_parts_is_the_same_batch(tmp_path):
    whole = trained(tmp_path / "a", {"train.log_every": 1})
    parts = trained(tmp_path / "b", {"train.log_every": 1, "train.accumulate": 4})
    np.testing.assert_allclose(losses(whole.path), losses(parts.path), rtol=1e-4)
    assert losses(whole.path) != losses(parts.path)


@pytest.mark.parametrize("count, sizes", [(64, [16] * 4), (29, [8, 7, 7, 7]), (7, [3, 2, 2]), (5, [3, 2]), (1, [1])])
def test_no_part_is_a_single_sample(count, sizes):
    from tnet.training.step import split

    parts = list(split({"x": torch.arange(count)}, 4))
    assert [len(part["x"]) for part, _ in parts] == sizes and sum(share for _, share in parts) == pytest.approx(1)


def test_a_sum_in_parts_is_the_same_sum(tmp_path):
    text = IRIS.replace("CrossEntropyLoss()", 'CrossEntropyLoss(reduction="sum")').replace("lr=0.1", "lr=0.005")
    whole = trained(tmp_path / "a", {"train.log_every": 1}, text)
    parts = trained(tmp_path / "b", {"train.log_every": 1, "train.accumulate": 4}, text)
    np.testing.assert_allclose(losses(whole.path), losses(parts.path), rtol=1e-4)


def test_training_without_a_data_section(tmp_path):
    text = IRIS[: IRIS.index("data {")] + IRIS[IRIS.index("train {") :]
    run = trained(tmp_path / "run", text=text, data=(np.random.rand(30, 4), np.arange(30) % 3))
    assert run.metrics.keys() == {"train.accuracy", "seconds"}
    assert "the spec has no data" in refused(lambda: trained(tmp_path / "none", text=text), "TN0704")


def test_clipping_bounds_the_gradient(tmp_path):
    from tnet.parameters.values import NormChoice
    from tnet.training.clip_norm import ClipNorm
    from tnet.training.state import State

    model = nn.Linear(3, 3)
    (model(torch.ones(2, 3)).sum() * 100).backward()
    ClipNorm(NormChoice(2.0, 1.0)).after_backward(State(model, None, None, 0))
    assert sum(parameter.grad.abs().sum() for parameter in model.parameters()).item() == pytest.approx(2.0, rel=1e-4)


def test_steps_in_place_of_epochs(tmp_path):
    run = trained(tmp_path / "run", text=IRIS.replace("epochs    = 3", "steps = 8"))
    assert events(run.path, "end")[0]["step"] == 8
    assert [event["step"] for event in events(run.path, "evaluate")] == [6, 8]


def test_bfloat16_keeps_weights_in_float32(tmp_path):
    run = trained(tmp_path / "run", {"train.precision": "bf16"})
    assert all(tensor.dtype == torch.float32 for tensor in load_file(tmp_path / "run" / "model.safetensors").values())
    assert run.metrics["test.accuracy"] > 0.5


def test_starting_from_weights(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first = trained(tmp_path / "a")
    state = {f"module.{name}": tensor for name, tensor in first.model.state_dict().items()}
    state["module.head.weight"] = torch.zeros(5, 5)
    torch.save(state, tmp_path / "w.pt")
    run = trained(tmp_path / "b", {"train.weights": "w.pt", "train.optimizer.lr": 0.0})
    assert torch.equal(run.model.linear.weight, first.model.linear.weight)
    said = capsys.readouterr().err
    assert "3 of 4 tensors" in said and "of another shape: head.weight" in said


def test_tensorboard_events(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trained(tmp_path / "run", {"train.log": "[tensorboard]", "train.log_every": 2})
    written = EventAccumulator(str(run.path)).Reload()
    assert [event.step for event in written.Scalars("train/loss")] == list(range(2, 19, 2))
    assert written.Scalars("val/accuracy") and written.Scalars("lr/default")
    assert written.Scalars("train/loss")[0].value == pytest.approx(losses(run.path)[0])


def test_tensorboard_missing_is_named(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert "TensorBoard" in refused(lambda: trained(tmp_path / "run", {"train.log": "[tensorboard]"}), "TN0802")


def test_memory_is_given_back_between_phases(tmp_path, monkeypatch):
    """E5: after training, before the test; nothing to do on a CPU."""
    calls = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append("cuda"))
    environment.release(World(0, 1, torch.device("cpu")))
    assert calls == []
    environment.release(World(0, 1, torch.device("cuda")))
    assert calls == ["cuda"]
    monkeypatch.setattr(environment, "release", lambda world: calls.append("run"))
    trained(tmp_path / "run")
    assert calls == ["cuda", "run"]


def test_metrics_as_written(tmp_path):
    metrics = 'metrics   = [accuracy, accuracy(top_k=2), f1_score(average="macro")]'
    run = trained(tmp_path / "run", text=IRIS.replace("metrics   = [accuracy]", metrics))
    names = {"test.accuracy", "test.accuracy_top_k_2", "test.f1_score_average_macro"}
    assert names <= run.metrics.keys() and run.metrics["test.accuracy_top_k_2"] >= run.metrics["test.accuracy"]
    named = trained(tmp_path / "named", text=IRIS.replace("[accuracy]", "{top2: accuracy(top_k=2)}"))
    assert named.metrics["test.top2"] == run.metrics["test.accuracy_top_k_2"]


def test_predicting_numbers(tmp_path):
    text = """
    net Regression(features: float[N, 10]) -> float[N] { Linear(16); ReLU; Linear(1); squeeze(1) }
    data { train = Diabetes(); split = [0.8, 0.2]; transform: { Normalize(mean="auto", std="auto") } }
    train {
      epochs = 5; batch = 32; loss = mse_loss; optimizer = Adam(lr=0.1); metrics = [mean_absolute_error]
      compile = false
    }
    """
    run = trained(tmp_path / "run", text=text)
    first, *_, last = events(run.path, "evaluate")
    assert last["val.mean_absolute_error"] < first["val.mean_absolute_error"] and "test.loss" not in run.metrics
    (answer,) = predict(tmp_path / "run", [np.zeros(10)])
    assert isinstance(answer["output"], float) and "class" not in answer


def test_two_classes_and_one_output(tmp_path):
    text = """
    net Tumour(features: float[N, 30]) -> float[N] { Linear(1); squeeze(1) }
    data { train = BreastCancer(); split = [0.8, 0.1, 0.1]; transform: { Normalize(mean="auto", std="auto") } }
    train {
      epochs = 3; batch = 32; loss = BCEWithLogitsLoss(); optimizer = Adam(lr=0.05); metrics = [accuracy, auroc]
      compile = false
    }
    """
    run = trained(tmp_path / "run", text=text)
    assert run.metrics["test.accuracy"] > 0.85 and run.metrics["test.auroc"] > 0.9


# ---- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_loss_that_is_no_number(tmp_path):
    message = refused(lambda: trained(tmp_path / "run", {"train.optimizer.lr": 1e30, "train.epochs": 4}), "TN0904")
    assert "at step" in message and not (tmp_path / "run" / "model.safetensors").exists()


def test_a_run_is_not_overwritten(tmp_path):
    trained(tmp_path / "run")
    assert "not empty" in refused(lambda: trained(tmp_path / "run"), "TN0902")


def test_targets_outside_the_classes(tmp_path):
    text = IRIS.replace("float[N, 3]", "float[N, 2]").replace("Linear(3)", "Linear(2)")
    assert "class 2, the net gives 2 classes" in refused(lambda: trained(tmp_path / "run", text=text), "TN0703")
    assert not (tmp_path / "run").exists()


def test_a_target_that_would_be_repeated(tmp_path):
    text = (
        IRIS.replace("float[N, 3]", "float[N, 1]")
        .replace("Linear(3)", "Linear(1)")
        .replace("CrossEntropyLoss", "MSELoss")
    )
    text = text.replace("[accuracy]", "[mean_squared_error]")
    message = refused(lambda: trained(tmp_path / "run", text=text), "TN0703")
    assert "takes a target [N, 1]; the data's is int64[N]" in message


def test_data_without_a_target(tmp_path):
    assert "has `features`" in refused(lambda: trained(tmp_path / "run", data=(np.random.rand(30, 4),)), "TN0703")


def test_a_device_that_is_not_there(tmp_path):
    message = refused(lambda: trained(tmp_path / "run", {"train.device": "cuda:7"}), "TN0802")
    assert "`cuda:7` cannot be used" in message


def test_what_is_no_run(tmp_path):
    refused(lambda: load_run(tmp_path), "TN0902")
    trained(tmp_path / "run")
    (tmp_path / "run" / "model.safetensors").unlink()
    refused(lambda: load_run(tmp_path / "run"), "TN0903")


def test_loss_is_weighted_by_samples():
    """The loss of an evaluation is the mean over samples, whatever the batches."""
    from tnet.training.parts import assemble

    values = []
    for batch in (7, 30):
        parts = assemble(spec(IRIS, {"train.batch": batch}), None, print)
        values.append(parts.evaluator()(parts.loaders.val)["loss"])
    assert values[0] == pytest.approx(values[1], rel=1e-5) and math.isfinite(values[0])
