"""Losses over outputs, inputs and fields by name, and as blocks: equal to the same written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from small_specs import IRIS, spec, trained
from torch import nn
from trained_by_hand import PLAIN, ByHand, losses_of, seed_model

import tnet
from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.source import Source

GPT = Path(__file__).parents[2] / "specs" / "gpt.tnet"


def with_loss(loss: str, text: str = PLAIN) -> str:
    return text.replace("CrossEntropyLoss(label_smoothing=0.05)", loss)


TWO = with_loss(
    "cross_entropy(logits, target) + 0.4 * cross_entropy(aux, target)",
    PLAIN.replace("logits: float[N, 10]", "logits: float[N, 10], aux: float[N, 10]").replace(
        "  head: Linear(10)\n", "  y = x -> side: Linear(10)\n  head: Linear(10)\n  return x, y\n"
    ),
)


def test_a_sum_over_two_outputs(tmp_path):
    run = trained(tmp_path / "run", text=TWO)

    def loss(model, batch, step):
        seed_model(step)
        logits, aux = model(batch["image"])
        return F.cross_entropy(logits, batch["target"]) + 0.4 * F.cross_entropy(aux, batch["target"])

    expected = ByHand(TWO, loss)
    assert losses_of(tmp_path / "run") == expected.losses
    for name, tensor in run.model.state_dict().items():
        assert torch.equal(tensor, expected.model.state_dict()[name])
    assert 0 < run.metrics["val.accuracy"] <= 1


@pytest.mark.parametrize("written, by_hand", [
    ("cross_entropy(output, target, label_smoothing=0.1)",
     lambda out, batch: F.cross_entropy(out, batch["target"], label_smoothing=0.1)),
    ("nll_loss(log_softmax(output, 1), target)",
     lambda out, batch: F.nll_loss(F.log_softmax(out, 1), batch["target"])),
    ("(output.logsumexp(1) - output.gather(1, target.unsqueeze(1)).squeeze(1)).mean() + 1e-3 * output.pow(2).mean()",
     lambda out, batch: (out.logsumexp(1) - out.gather(1, batch["target"].unsqueeze(1)).squeeze(1)).mean()
     + 1e-3 * out.pow(2).mean()),
    ("cross_entropy(logits, target) + weight * image.mean()",
     lambda out, batch: F.cross_entropy(out, batch["target"]) + 0.25 * batch["image"].mean()),
    ("log(cross_entropy(output, target) + 1)\n  log = []",  # a function, called as a setting is
     lambda out, batch: torch.log(F.cross_entropy(out, batch["target"]) + 1)),
    ("(output -> Sharp(0.5))", lambda out, batch: (0.5 * out).pow(2).mean()),
    ("CrossEntropy", lambda out, batch: F.cross_entropy(out * 2, batch["target"])),
    ("CrossEntropy(scale=3)", lambda out, batch: F.cross_entropy(out * 3, batch["target"])),
    ("smoothed", lambda out, batch: F.cross_entropy(out, batch["target"], label_smoothing=0.2)),
])  # fmt: skip
def test_expressions_and_blocks_are_what_is_written(tmp_path, written, by_hand):
    text = (
        with_loss(written)
        + """
        hyper weight = 0.25
        smoothed = CrossEntropyLoss(label_smoothing=0.2)
        block Sharp(by) { x = by * x; return x.pow(2).mean() }
        block CrossEntropy(scale=2)(given, wanted) { return cross_entropy(given * scale, wanted) }
    """.replace("\n        ", "\n")
    )
    text = text.replace("  metrics   = [accuracy]\n", "")

    def loss(model, batch, step):
        seed_model(step)
        return by_hand(model(batch["image"]), batch)

    trained(tmp_path / "run", text=text)
    assert losses_of(tmp_path / "run") == ByHand(text, loss).losses


def test_mixup_mixes_an_expression(tmp_path):
    from test_tricks import mixup_by_hand

    text = with_loss("cross_entropy(output, target, label_smoothing=0.05)").replace("  seed ", "  mixup = 0.2\n  seed ")
    trained(tmp_path / "run", text=text)
    assert losses_of(tmp_path / "run") == ByHand(text, mixup_by_hand).losses


def test_a_loss_without_a_target(tmp_path):
    """An autoencoder: the input is what is wanted."""
    text = """net Auto(row: float[N, 6]) -> copy: float[N, 6] { Linear(2); ReLU; Linear(6) }
    train { steps = 20; batch = 8; loss = mse_loss(copy, row); optimizer = SGD(lr=0.1); log_every = 1; compile = false }
    """
    torch.manual_seed(1)
    rows = torch.randn(40, 6)
    spec(text).train(tmp_path / "run", data={"row": rows})
    assert losses_of(tmp_path / "run")[-1] < losses_of(tmp_path / "run")[0]


def test_other_fields_of_samples(tmp_path):
    text = """net Weighted(row: float[N, 6]) -> y: float[N] { Linear(1); squeeze(1) }
    train { steps = 20; batch = 8; loss = (weight * (y - target) ** 2).mean(); optimizer = SGD(lr=0.1); compile = false
      log_every = 1 }
    """
    torch.manual_seed(1)
    data = {"row": torch.randn(40, 6), "target": torch.randn(40), "weight": torch.rand(40)}
    run = spec(text).train(tmp_path / "run", data=data)
    batch = {name: value[:5] for name, value in data.items()}
    outputs = run.model(batch["row"])
    expected = (batch["weight"] * (outputs - batch["target"]) ** 2).mean()
    assert torch.equal(spec(text).loss()(outputs, batch), expected)
    with pytest.raises(SpecError, match="takes a `weight`, the data has `row`, `target`"):
        spec(text).train(tmp_path / "again", data=(data["row"], data["target"]))


def test_the_small_gpt_of_the_gallery(tmp_path, monkeypatch):
    """Tokens [N, T] and targets [N, T] through one flattened cross entropy, bit-equal to the loop by hand."""
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "gpt.tnet").write_text(GPT.read_text())
    (folder / "corpus.txt").write_text("the quick brown fox jumps over the lazy dog. " * 40)
    hypers = {"width": 16, "depth": 1, "heads": 2, "context": 16, "dropout": 0.0}
    settings = {"train.steps": 20, "train.batch": 4, "train.compile": False, "train.log_every": 1,
                "train.optimizer": "SGD(lr=0.1)", "train.schedule": "LinearLR(start_factor=1.0)"}  # fmt: skip
    source = tnet.load(folder / "gpt.tnet", overrides=settings, **hypers)
    source.train(tmp_path / "run")
    model, expected = source.model(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step, batch in enumerate(source.data().train.epoch(0)):
        if step == 20:
            break
        optimizer.zero_grad()
        output = model(batch["tokens"])
        loss = F.cross_entropy(output.flatten(0, 1), batch["target"].flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        expected.append(loss.item())
    assert losses_of(tmp_path / "run") == expected


def test_an_expression_compiles_with_the_net_into_one_graph(tmp_path):
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    trained(tmp_path / "run", {"train.compile": True}, TWO)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    assert not torch._dynamo.utils.counters["graph_break"]


def test_a_loss_from_outside_the_spec(tmp_path):
    written = {"train.loss": "cross_entropy(output, target, label_smoothing=0.05)"}
    trained(tmp_path / "run", written, PLAIN)
    assert losses_of(tmp_path / "run") == ByHand().losses
    again = tnet.training.load_run(tmp_path / "run")
    assert again.about["settings"]["loss"] == "cross_entropy(output, target, label_smoothing=0.05)"


def found(loss: str, text: str = IRIS) -> list[tuple[str, str, str]]:
    text = text.replace("  loss      = CrossEntropyLoss()", f"  loss = {loss}").replace(
        "  metrics   = [accuracy]\n", ""
    )
    return [(each.code, each.span.text, each.message) for each in compile_spec(Source("x.tnet", text)).diagnostics]


@pytest.mark.parametrize("loss, code, place, words", [
    ("cross_entropy(lgits, target)", "TN0201", "lgits", "no output, input or field"),
    ("cross_entropy(logits, targets)", "TN0201", "targets", "no output, input or field"),
    ("cros_entropy(logits, target)", "TN0201", "cros_entropy", "not defined"),
    ("cross_entropy(logits, target, smooth=0.1)", "TN0401", "cross_entropy(logits, target, smooth=0.1)", "smooth"),
    ("cross_entropy(logits.flatten(0, 5), target)", "TN0401", "logits.flatten(0, 5)", "flatten"),
    ("(logits - target).foo()", "TN0206", "foo", "no method `foo`"),
    ("logits ** 2", "TN0802", "logits ** 2", "a loss is one number, this is `float32[N, 3]`"),
    ("0.4 * 3", "TN0802", "0.4 * 3", "is no loss"),
    ('"mse" + "loss"', "TN0802", '"mse" + "loss"', "is no loss"),
    ("output -> Linear(1) -> mean", "TN0802", "output -> Linear(1) -> mean", "stages are for schedules"),
])  # fmt: skip
def test_what_is_wrong_with_any_data_is_found_by_checking(loss, code, place, words):
    ((found_code, found_place, message),) = found(loss)
    assert (found_code, found_place) == (code, place) and words in message


def test_what_only_the_data_tells_is_found_before_the_first_step(tmp_path):
    text = IRIS.replace("CrossEntropyLoss()", "mse_loss(logits, target.reshape(-1, 3).float())")
    assert not found("mse_loss(logits, target.reshape(-1, 3).float())")
    with pytest.raises(SpecError, match="does not fit its input"):
        trained(tmp_path / "run", text=text.replace("  metrics   = [accuracy]\n", ""))


def test_a_block_needs_one_output():
    text = IRIS.replace("logits: float[N, 3]", "a: float[N, 3], b: float[N, 3]").replace(
        "head: Linear(3)", "y = x -> Linear(3)\n  return y, y"
    )
    text += "block Both(given, wanted) { return cross_entropy(given, wanted) }"
    ((code, place, message),) = found("Both", text)
    assert (code, place) == ("TN0802", "Both") and "the net gives 2 outputs" in message


SMALL = (
    PLAIN.replace("Dropout(0.2)", "")
    .replace("-> norm: BatchNorm2d", "")
    .replace("  seed ", "  accumulate = 4\n  seed ")
)


@pytest.mark.parametrize("written", [
    "cross_entropy(output, target, label_smoothing=0.05)",
    'cross_entropy(output, target, label_smoothing=0.05, reduction="sum") / target.shape[0]',
])  # fmt: skip
def test_parts_of_a_batch_add_up_to_the_batch(tmp_path, written):
    """O10"""
    trained(tmp_path / "run", text=with_loss(written, SMALL))
    assert losses_of(tmp_path / "run") == pytest.approx(ByHand(SMALL).losses, rel=1e-4)


def test_parts_of_a_sum_are_summed(tmp_path):
    text = with_loss('cross_entropy(output, target, label_smoothing=0.05, reduction="sum") * 0.03125', SMALL)
    trained(tmp_path / "run", text=text)
    assert losses_of(tmp_path / "run") == pytest.approx(ByHand(SMALL).losses, rel=1e-4)


def test_a_loss_that_is_no_mean_and_no_sum_takes_no_parts(tmp_path):
    with pytest.raises(SpecError, match="neither the mean nor the sum"):
        trained(
            tmp_path / "run",
            text=with_loss("output.sum() ** 2", SMALL.replace("metrics", "# metrics")),
        )
