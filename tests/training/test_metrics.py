"""Metrics are of the whole part of the data, however it falls into batches."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchmetrics.functional.audio import signal_noise_ratio
from torchmetrics.functional.clustering import adjusted_rand_score
from torchmetrics.functional.nominal import theils_u
from torchmetrics.functional.regression import pearson_corrcoef
from torchmetrics.functional.segmentation import mean_iou

import tnet
from tnet.compiler import compile_spec
from tnet.diagnostics import SpecError
from tnet.source import Source

SPEC = """
net Small(x: float[N, 4]) -> y: float[N, {width}] {{ Linear({width}) }}

train {{
  epochs    = 1
  batch     = 4
  loss      = {loss}
  optimizer = SGD(lr=0.1)
  metrics   = [{metric}]
}}
"""
LOW = torch.tensor([[0.1], [0.9], [0.4], [0.2]])
"""Logits that could be taken for probabilities."""
HIGH = torch.tensor([[-3.0], [2.0], [0.3], [-0.1]])


def value(loss: str, metric: str, width: int, batches: list[tuple[Tensor, Tensor]]) -> float:
    spec = tnet.loads(SPEC.format(loss=loss, metric=metric, width=width))
    (choice,) = spec.checked(training=True).recipe.metrics
    built = choice.build()
    for output, target in batches:
        built.update(choice.seen(output), target.long())
    return built.compute().item()


@pytest.mark.parametrize("loss, metric", [
    ("BCEWithLogitsLoss()", "accuracy"),
    ("BCEWithLogitsLoss()", 'accuracy(task="binary")'),
    ("MultiLabelSoftMarginLoss()", "accuracy"),
])  # fmt: skip
def test_l9_logits_between_0_and_1_are_no_probabilities(loss, metric):
    right = [(each, each > 0) for each in (LOW, HIGH)]
    assert value(loss, metric, 1, right) == 1


def test_probabilities_stay_what_they_are():
    assert value("BCELoss()", "accuracy", 1, [(LOW, LOW > 0.5)]) == 1


def test_curves_of_classes_do_not_depend_on_batches():
    outputs = torch.cat([LOW, HIGH]).repeat(1, 3) * torch.tensor([1.0, 0.5, 0.2])
    target = torch.tensor([0, 1, 2, 0, 1, 2, 0, 0])
    whole = value("CrossEntropyLoss()", "auroc", 3, [(outputs, target)])
    assert value("CrossEntropyLoss()", "auroc", 3, list(zip(outputs.split(4), target.split(4), strict=True))) == whole


def trained_with(path, loss: str, metric: str, target: Tensor, width: int = 3, more: str = "") -> dict:
    text = SPEC.format(loss=loss, metric=metric, width=width).replace("epochs ", f"compile = false; {more} epochs ")
    data = (torch.randn(len(target), 4, generator=torch.Generator().manual_seed(0)), target)
    run = tnet.loads(text).train(out=path, data={"train": data, "val": data})
    return {**run.metrics, "outputs": run.model.eval()(data[0]).detach()}


def refused(path, *arguments, **options) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        trained_with(path, *arguments, **options)
    assert not path.exists()
    ((code, message),) = [(each.code, each.message) for each in caught.value.diagnostics if each.is_error]
    return code, message


CLASSES, NUMBERS = torch.arange(12) % 3, torch.linspace(0, 1, 36).view(12, 3)


@pytest.mark.parametrize("metric, target, by_hand", [
    ("accuracy", CLASSES, lambda out, t: (out.argmax(1) == t).float().mean()),
    ("mean_absolute_error", NUMBERS, lambda out, t: (out - t).abs().mean()),
    ("tweedie_deviance_score", NUMBERS, lambda out, t: (out - t).square().mean()),
    ("minkowski_distance(1)", NUMBERS, lambda out, t: (out - t).abs().sum()),
    ("adjusted_rand_score", CLASSES, lambda out, t: adjusted_rand_score(out.argmax(1), t)),
    ("theils_u", CLASSES, lambda out, t: theils_u(out.argmax(1), t)),
    ("pearson_corr_coef(num_outputs=3)", NUMBERS, lambda out, t: pearson_corrcoef(out, t)),
    ("signal_noise_ratio", NUMBERS, lambda out, t: signal_noise_ratio(out, t).mean()),
])  # fmt: skip
def test_metrics_of_every_kind_are_torchmetrics(tmp_path, metric, target, by_hand):
    """Sizes that a metric wants are those of the output; class numbers are whole, and numbers are not."""
    loss = "MSELoss()" if target is NUMBERS else "CrossEntropyLoss()"
    found = trained_with(tmp_path / "run", loss, metric, target)
    value = found[f"val.{written(metric)}"]
    torch.testing.assert_close(torch.tensor(value), by_hand(found["outputs"], target).detach(), rtol=1e-4, atol=1e-5)


def written(metric: str) -> str:
    return metric.replace("(1)", "_1").replace("(num_outputs=3)", "_num_outputs_3")


def test_maps_of_classes_are_compared_as_classes(tmp_path):
    text = "net Map(x: float[N, 1, 6, 6]) -> y: float[N, 3, 6, 6] { Conv2d(3, 1) }\n"
    text += "train { epochs = 1; batch = 4; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); compile = false\n"
    text += "  metrics = [mean_io_u, dice_score, accuracy] }"
    data = (torch.randn(8, 1, 6, 6), torch.randint(3, (8, 6, 6)))
    run = tnet.loads(text).train(out=tmp_path / "run", data={"train": data, "val": data})
    guessed = run.model.eval()(data[0]).argmax(1)
    iou = mean_iou(guessed, data[1], num_classes=3, input_format="index")
    assert run.metrics["val.mean_io_u"] == pytest.approx(float(iou.mean()))
    assert run.metrics["val.accuracy"] == pytest.approx(float((guessed == data[1]).float().mean()))


@pytest.mark.parametrize("metric, code, words", [
    ("mean_average_precision", "TN0802", "takes `preds: list[dict[str, Tensor]]`"),
    ("bleu_score", "TN0802", "takes `preds: Sequence[str]`"),
    ("retrieval_map", "TN0802", "`indexes: Tensor`, not the net's output and `target`"),
    ("frechet_inception_distance", "TN0802", "takes `imgs: Tensor`"),
    ("kl_divergence", "TN0802", "takes `p: Tensor`, `q: Tensor`"),
    ("deep_image_structure_and_texture_similarity", "TN0802", "fetches weights"),
    ("perplexity", "TN0703", "`perplexity` fails on the first samples: Input tensor `preds` is expected to have 3"),
    ("structural_similarity_index_measure", "TN0703", "fails on the first samples"),
    ("pearson_corr_coef", "TN0703", "are expected to have the same shape"),
    ("mse", "TN0802", "unknown metric `mse`"),
])  # fmt: skip
def test_metrics_of_other_things_are_refused_before_anything_runs(tmp_path, metric, code, words):
    found, message = refused(tmp_path / "run", "CrossEntropyLoss()", metric, CLASSES)
    assert found == code and words in message


def test_a_short_name_is_told_the_long_one():
    text = SPEC.format(loss="MSELoss()", metric="mse", width=3)
    assert [each.help for each in compile_spec(Source("x", text)).diagnostics if each.is_error] == [
        "write `mean_squared_error`"
    ]


@pytest.mark.parametrize("more", [
    'early_stop = Patience(2, monitor="val.f1_score_average_none");',
    'checkpoint = Checkpoint(best="val.f1_score_average_none");',
])  # fmt: skip
def test_what_is_no_number_cannot_get_better(tmp_path, more):
    metric = 'f1_score(average="none")'
    code, message = refused(tmp_path / "run", "CrossEntropyLoss()", metric, CLASSES, more=more)
    assert code == "TN0803" and "`f1_score_average_none` is no number, and `" in message


def test_metrics_need_a_target(tmp_path):
    text = "net Auto(row: float[N, 6]) -> copy: float[N, 6] { Linear(6) }\n"
    text += "train { epochs = 1; batch = 4; loss = mse_loss(copy, row); optimizer = SGD(lr=0.1)\n"
    text += "  metrics = [mean_squared_error] }"
    with pytest.raises(SpecError, match="metrics compare outputs with a `target`, the data has `row`"):
        tnet.loads(text).train(out=tmp_path / "run", data={"row": torch.randn(8, 6)})
