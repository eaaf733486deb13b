"""The page of a run says what the run's files say, is there from the start, and needs nothing else."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from itertools import product

import pytest
import torch
import yaml
from report_runs import SPECS, train

import tnet
from tnet.cli.main import main
from tnet.diagnostics import SpecError
from tnet.render.report import live
from tnet.render.report.curves import _rates_at, axis_of, quantities_of
from tnet.render.report.facts import read_facts
from tnet.render.report.page import report_page
from tnet.render.report.record import MOST_DISTRIBUTIONS, Record, read_record
from tnet.training import load_run
from tnet.training.parts import Parts
from tnet.training.testing import load_data

HEADINGS = {
    "digits": ["Curves", "Classes", "Worst mistakes", "First-layer kernels", "Feature maps of one sample",
               "Weights and gradients", "Spec", "What it resolved to", "Versions"],
    "diabetes": ["Curves", "Predictions", "Largest errors", "Weights and gradients", "Spec", "What it resolved to",
                 "Versions"],
    "binary": ["Curves", "Classes", "Worst mistakes", "Weights and gradients", "Spec", "What it resolved to",
               "Versions"],
    "gan": ["Curves", "Pictures made", "First-layer kernels", "Weights and gradients", "Spec", "What it resolved to",
            "Versions"],
    "autoencoder": ["Curves", "Pictures made", "First-layer kernels", "Weights and gradients", "Spec",
                    "What it resolved to", "Versions"],
}  # fmt: skip


def headings(page):
    return [unescape(each) for each in re.findall("<h2>(.*?)</h2>", page)]


@pytest.mark.parametrize("name", SPECS)
def test_sections_are_those_that_mean_something(runs, name):
    """R3: kernels, feature maps, distributions of weights and gradients, the confusion matrix as pictures."""
    page = (runs(name) / "report.html").read_text()
    assert headings(page) == HEADINGS[name]
    assert not re.findall(r"(?:src|href)=\"(?!data:)|@import|url\(", page) and page.count("<script") == 1
    assert "nan" not in re.findall(r'points="([^"]*)"', page)


@pytest.mark.parametrize("name", SPECS)
def test_a_page_built_again_is_the_same(runs, name, capsys, tmp_path):
    run = runs(name)
    assert main(["report", str(run), "-o", str(tmp_path / "again.html")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "again.html")
    before, after = ((each).read_text() for each in (run / "report.html", tmp_path / "again.html"))
    assert after == before


def test_numbers_are_those_of_the_run(runs):
    run = runs("digits")
    page, facts = (run / "report.html").read_text(), read_facts(run)
    ended = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert f"<b>{ended['test.accuracy']:.4f}</b>test.accuracy" in page
    assert "finished after 24 steps" in page and "validation, EMA of the weights" in page
    assert "training, each 3 steps" in page and "l2" in page
    seen = facts.record.seen
    assert seen["part"] == "test" and seen["step"] is None
    counts = torch.tensor(seen["confusion"])
    assert counts.sum() == facts.about["data"]["samples"]["test"]
    shares = (counts.diagonal() / counts.sum(1)).tolist()
    assert list(seen["by_class"].values()) == pytest.approx(shares)
    assert float(counts.diagonal().sum() / counts.sum()) == pytest.approx(ended["test.accuracy"])


def test_the_accuracy_in_training_is_a_curve(runs):
    facts = read_facts(runs("digits"))
    accuracy = dict(quantities_of(facts, axis_of([facts])))["accuracy"]
    expected = [event["train.accuracy"] for event in facts.evaluations]
    assert [[value for _, value in part.points] for part in accuracy if part.name == "training"] == [expected]
    assert len(expected) > 1


def test_averaged_weights_and_the_weights_themselves_are_evaluated(runs):
    """What averaging gains is seen: both curves, of the loss and of the metrics."""
    facts = read_facts(runs("digits"))
    quantities = dict(quantities_of(facts, axis_of([facts])))
    for name in ("loss", "accuracy"):
        found = {part.name: [value for _, value in part.points] for part in quantities[name]}
        raw = found["validation, the weights themselves"]
        assert raw == [event[f"val.raw.{name}"] for event in facts.evaluations]
        assert raw != found["validation, EMA of the weights"] and len(raw) == 2
    assert "the weights themselves" not in (runs("diabetes") / "report.html").read_text()


def test_rates_stand_where_they_are_used(runs):
    """Those that an evaluation saw are the next step's."""
    facts = read_facts(runs("digits"))
    assert sorted(step for step, _ in _rates_at(facts)) == [1, 3, 6, 9, 12, 13, 15, 18, 21, 24, 24]


def test_the_worst_mistakes_are_the_worst(runs):
    run = load_run(runs("digits"))
    loader = load_data(run).test
    fields = loader.make(loader.indices, 0)
    with torch.no_grad():
        output = run.model(fields["image"])
    losses = torch.nn.functional.cross_entropy(output, fields["target"], reduction="none")
    losses[output.argmax(1) == fields["target"]] = -1
    order = losses.argsort(descending=True)[:24]
    samples = read_record(run.path).seen["samples"]
    assert [each["number"] for each in samples] == loader.indices[order].tolist()
    assert [each["predicted"] for each in samples] == [str(each) for each in output[order].argmax(1).tolist()]
    assert [each["loss"] for each in samples] == pytest.approx(losses[order].tolist(), rel=1e-4)


def test_pictures_are_as_before_normalisation(runs):
    """D9, R13: normalisation undone."""
    run = load_run(runs("digits"))
    loader = load_data(run).test
    raw = loader.samples.read(loader.indices[:5])["image"]
    shown = loader.pipeline.undone(loader.make(loader.indices[:5], 0)["image"])
    assert torch.allclose(shown, raw, atol=1e-6)  # x * s + m of (x - m) / s rounds


def test_regression_shows_pairs_and_the_largest_errors(runs):
    run = load_run(runs("diabetes"))
    loader = load_data(run).val
    fields = loader.make(loader.indices, 0)
    with torch.no_grad():
        output = run.model(fields["features"])
    seen = read_record(run.path).seen
    pairs = torch.stack([fields["target"].float(), output], 1)
    assert torch.allclose(torch.tensor(seen["scatter"]), pairs, rtol=1e-3)
    errors = (pairs[:, 0] - pairs[:, 1]).abs().sort(descending=True).values[:24].tolist()
    assert [each["loss"] for each in seen["samples"]] == pytest.approx(errors, rel=1e-3)
    assert len(seen["samples"][0]["values"]["features"]) == 8


def test_two_classes_of_one_output_are_counted(runs):
    seen = read_record(runs("binary")).seen
    assert len(seen["confusion"]) == 2 and sum(map(sum, seen["confusion"])) == 114
    assert seen["classes"] == ["malignant", "benign"]


def test_what_was_made_is_shown_in_the_inputs_numbers(runs):
    run = load_run(runs("autoencoder"))
    seen = read_record(run.path).seen
    assert [each["name"] for each in seen["made"]] == ["output 1"] and len(seen["made"][0]["pictures"]) == 8
    assert [each["name"] for each in read_record(runs("gan")).seen["made"]] == ["drawn"]


# ---- while training ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "gan"])
def test_looking_changes_no_bit(tmp_path, name, monkeypatch):
    """Neither weights nor results depend on how often the page is written."""
    weights, results = [], []
    for share in (0.0, 1e9):
        monkeypatch.setattr(live, "SHARE", share)
        run = train(name, tmp_path / f"{share}")
        weights.append((run.path / "model.safetensors").read_bytes())
        lines = (run.path / "metrics.jsonl").read_text().splitlines()
        results.append([{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines])
    assert weights[0] == weights[1] and results[0] == results[1]


COUNTING = """
net Counting(x: float[N, 4]) -> float[N, 3] {
  buffer passes: float[1] = zeros
  passes += 1
  x = x + 0.001 * passes + 0.1 * randn(x.shape[0], 4)
  Linear(3)
}
data { train = Iris(); split = [0.8, 0.2] }
train { epochs = 2; batch = 30; compile = false; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1) }
"""


def test_buffers_that_count_passes_count_no_look(tmp_path, monkeypatch):
    found = []
    for share in (0.0, 1e9):
        monkeypatch.setattr(live, "SHARE", share)
        found.append(tnet.loads(COUNTING).train(out=tmp_path / f"{share}").model.state_dict())
    assert torch.equal(found[0]["passes"], found[1]["passes"])
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])


def test_evaluating_the_weights_below_an_average_leaves_no_trace(tmp_path, monkeypatch):
    found = []
    for without in (False, True):
        if without:
            monkeypatch.setattr(Parts, "raw_evaluator", lambda self: None)
        found.append(tnet.loads(COUNTING, overrides={"train.ema": 0.9}).train(out=tmp_path / f"{without}"))
    assert ["val.raw.loss" in run.metrics for run in found] == [True, False]
    weights, others = (run.model.state_dict() for run in found)
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_a_killed_run_has_a_page(tmp_path, monkeypatch):
    """At the start with the spec, from the first evaluation with curves and pictures."""
    pages = []
    monkeypatch.setattr(live, "SHARE", 0.0)
    write = live.write

    def kept(path, content):
        write(path, content)
        if path.name == "report.html":
            pages.append(content.decode())

    monkeypatch.setattr(live, "write", kept)
    train("digits", tmp_path / "run")
    assert len(pages) == 3
    assert headings(pages[0]) == ["Spec", "What it resolved to", "Versions"] and "written at step 0 of 24" in pages[0]
    assert "not finished: written at step 12 of 24" in pages[1] and "Classes" in headings(pages[1])


def test_a_run_whose_loss_is_no_number_says_so(tmp_path):
    text = SPECS["diabetes"].replace("Adam(lr=0.1)", "SGD(lr=1e12)")
    with pytest.raises(SpecError, match="the loss is"):
        tnet.loads(text).train(out=tmp_path / "run")
    page = (tmp_path / "run/report.html").read_text()
    assert re.search(r"<p>not finished: the loss is \w.+ at step \d+ \(epoch", page)


def test_a_page_that_fails_does_not_stop_the_run(tmp_path, monkeypatch, capsys):
    def fails(*_):
        raise RuntimeError("no such picture")

    monkeypatch.setattr(live, "look", fails)
    assert train("digits", tmp_path / "run").metrics["test.accuracy"] > 0
    told = capsys.readouterr().err
    assert told.count("warning: report.html is not kept up to date any more: no such picture") == 1


def test_a_run_that_is_rolled_back_shows_each_step_once(tmp_path, monkeypatch):
    """What was seen after the step that a run goes back to is forgotten, as it is seen again."""
    monkeypatch.setattr(live, "SHARE", 1e9)
    text = SPECS["digits"].replace("metrics = [accuracy]", 'evaluate = 3 steps; on_nan = "rollback"')
    run = tnet.loads(text, name="digits").train(out=tmp_path / "run")
    record = read_record(run.path)
    record.cut(9)
    assert [each["step"] for each in record.evaluations] == [0, 3, 6, 9] and record.seen == {}


def test_a_resumed_run_goes_on_with_its_page(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "SHARE", 1e9)
    train("digits", tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints/step-00000024")
    about = yaml.safe_load((tmp_path / "run/run.yaml").read_text())
    del about["result"]
    (tmp_path / "run/run.yaml").write_text(yaml.safe_dump(about))
    before = read_record(tmp_path / "run")
    tnet.loads(SPECS["digits"], name="digits").train(out=tmp_path / "run", resume=True)
    after = read_record(tmp_path / "run")
    assert [each["step"] for each in before.evaluations] == [0, 12, 24]
    assert [each["step"] for each in after.evaluations] == [0, 12, 24]
    assert after.distributions == before.distributions
    assert after.seen["confusion"] == before.seen["confusion"]
    assert "resumed: " in (tmp_path / "run/report.html").read_text()


def test_distributions_are_thinned_as_they_grow():
    record = Record()
    for step in range(1000):
        record.add_distributions(step, {"w": {"number": 1, "min": 0.123456789}})
    steps = [each["step"] for each in record.distributions]
    assert len(steps) <= MOST_DISTRIBUTIONS and steps[0] == 0 and steps == sorted(steps)
    assert record.distributions[0]["w"]["min"] == 0.12346


# ---- tnet report ---------------------------------------------------------------------------------------------------


def test_a_damaged_log_is_read_as_far_as_it_goes(runs, tmp_path, capsys):
    run = shutil.copytree(runs("digits"), tmp_path / "run")
    text = (run / "metrics.jsonl").read_text()
    (run / "metrics.jsonl").write_text(text[:-20] + '\n[1]\n{"event": 3, "step": 1}\n')
    (run / "report.json").write_text("{")
    assert main(["report", str(run)]) == 0
    page = (run / "report.html").read_text()
    assert "3 lines of metrics.jsonl could not be read" in page and "not finished" in page
    assert headings(page)[0] == "Curves" and capsys.readouterr().out.strip() == str(run / "report.html")
    assert main(["eval", str(run)]) == 0


ODD = [None, 3, "x", [1], {"a": 1}, float("nan"), True]


def test_what_is_not_as_a_run_writes_it_ends_no_command(runs, tmp_path, capsys):
    """Whatever stands in `run.yaml` and `metrics.jsonl`: a page, or a diagnostic that names the place."""
    run = shutil.copytree(runs("digits"), tmp_path / "run")
    about = yaml.safe_load((run / "run.yaml").read_text())
    events = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    both = ["report", str(run), str(runs("digits")), "-o", str(tmp_path / "page.html")]
    codes = set()
    for name, value in product(about, ODD):
        (run / "run.yaml").write_text(yaml.safe_dump(about | {name: value}))
        codes.add(main(both))
    (run / "run.yaml").write_text(yaml.safe_dump(about | {"steps": {"total": "many"}}))
    assert main(both) == 4 and "damaged: `steps.total`" in capsys.readouterr().err
    (run / "run.yaml").write_text(yaml.safe_dump(about))
    for name, value in product(("train.loss", "lr", "step", "event", "val.loss", "seconds"), ODD):
        lines = [json.dumps(event | ({name: value} if name in event else {})) for event in events]
        (run / "metrics.jsonl").write_text("\n".join(lines))
        codes.add(main(both))
    assert codes == {0, 4}


def test_a_record_that_was_changed_is_not_shown(runs, tmp_path):
    run = shutil.copytree(runs("digits"), tmp_path / "run")
    text = (run / "report.json").read_text()
    assert json.loads(text)["sha256"] and read_record(run).seen
    for changed in (
        text.replace('"parameters":', '"parameters":1'),
        text[:-9],
        "",
        "{}",
        "[1]\n{}",
        '{"sha256": 3}\n{}',
    ):
        (run / "report.json").write_text(changed)
        assert read_record(run) == Record()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["report"], 2, "required: RUN"),
        (["report", "nowhere"], 4, "`nowhere` is no folder of a run"),
        (["report", "RUN", "RUN"], 2, "is given twice"),
        (["report", "RUN", "-o", "page.png"], 2, "should end in .html"),
        (["report", "RUN", "-o", "file/page.html"], 4, "cannot write"),
        (["report", "RUN", "--wrong"], 2, "--wrong"),
        (["report", "RUN", "nowhere", "--layers", "conv"], 2, "one run"),
        (["report", "RUN", "--layers", "cnov"], 1, "did you mean `conv`"),
    ],
)
def test_misuse(runs, tmp_path, monkeypatch, capsys, arguments, code, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main([str(runs("digits")) if each == "RUN" else each for each in arguments]) == code
    assert told in capsys.readouterr().err


def test_layers_are_chosen(runs, tmp_path, capsys):
    out = tmp_path / "page.html"
    run = runs("digits")
    assert main(["report", str(run), "--layers", "norm, second", "-o", str(out)]) == 0
    page = out.read_text()
    assert re.findall(r"<figcaption>(\w+ \(.*?)</figcaption>", page) == [
        "norm (BatchNorm2d), 8 × 8 × 8", "second (Conv2d), 4 × 6 × 6",
    ]  # fmt: skip
    before = (run / "report.html").read_text()
    assert headings(page) == headings(before) and "norm (BatchNorm2d)" not in before
    assert main(["report", str(runs("diabetes")), "--layers", "head", "-o", str(out)]) == 1
    assert "give no maps" in capsys.readouterr().err


def test_runs_are_compared(runs, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    changed = SPECS["digits"].replace("lr=1e-2", "lr=3e-2").replace("Conv2d(8, 3", "Conv2d(6, 3")
    other = tnet.loads(changed, name="digits").train(out=tmp_path / "other").path
    assert main(["report", str(runs("digits")), str(other)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "comparison.html"
    page = (tmp_path / "comparison.html").read_text()
    assert headings(page) == ["Results", "Curves", "Accuracy by class", "Differences of settings",
                              "Differences of specs"]  # fmt: skip
    for run in (runs("digits"), other):
        assert f"{read_facts(run).results['test.accuracy']:.4f}" in page
    assert '<td class="text">train: optimizer</td>' in page and "train: batch" not in page
    assert re.findall("<(?:del|ins)>(.*?)</", page)[:2] == [
        "-  conv: Conv2d(8, 3, padding=1) -&gt; norm: BatchNorm2d -&gt; relu",
        "+  conv: Conv2d(6, 3, padding=1) -&gt; norm: BatchNorm2d -&gt; relu",
    ]
    assert "digits: validation, EMA of the weights" in page and "other: validation" in page


def test_runs_of_different_specs_are_compared(runs, tmp_path):
    out = tmp_path / "both.html"
    assert main(["report", str(runs("digits")), str(runs("gan")), str(runs("diabetes")), "-o", str(out)]) == 0
    page = out.read_text()
    assert "3 runs: digits, gan, diabetes" in page and page.count("<h3>digits →") == 2


def test_a_run_of_before_there_were_reports_has_a_page(runs, tmp_path):
    run = shutil.copytree(runs("digits"), tmp_path / "run")
    (run / "report.json").unlink()
    page = report_page(read_facts(run))
    assert headings(page) == ["Curves", "Spec", "What it resolved to", "Versions"]
