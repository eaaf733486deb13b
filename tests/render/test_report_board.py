"""TensorBoard has what a report shows, read back by its own reader."""

from __future__ import annotations

import shutil
from io import BytesIO

import numpy as np
import pytest
import yaml
from PIL import Image
from report_runs import ROOT, SPECS

import tnet
from tnet.render.flow import flow
from tnet.render.report import board, live
from tnet.training.looks.distributions import distributions
from tnet.training.watch import LossWatch, NotFinite

TEXT = SPECS["digits"].replace("ema = 0.9", "log = [tensorboard]")
SCALARS = {"train/loss", "train/accuracy", "train/l2", "lr/default", "lr/head", "val/loss", "val/accuracy", "test/loss",
           "test/accuracy", "seconds"}  # fmt: skip
PICTURES = {"confusion/val", "mistakes/val", "confusion/test", "mistakes/test", "kernels/conv", "features/conv",
            "features/second", "inputs/1"}  # fmt: skip
event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def read(folder):
    return event_accumulator.EventAccumulator(str(folder), size_guidance={"images": 0, "histograms": 0}).Reload()


@pytest.fixture(scope="module")
def board_run(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "SHARE", 1e9)
        run = tnet.loads(TEXT, name="digits").train(out=tmp_path_factory.mktemp("board") / "run")
    return run


def test_everything_is_there(board_run):
    """R2: scalars, images, histograms, the graph; and hyper-parameters and the confusion matrix."""
    written = read(board_run.path)
    tags = written.Tags()
    assert set(tags["scalars"]) == SCALARS and set(tags["images"]) == PICTURES and tags["graph"]
    weights = {f"{name}/weight" for name in ("conv", "second", "head")}
    assert set(tags["histograms"]) == weights | {f"{each}/grad" for each in weights}
    assert {"_hparams_/experiment", "_hparams_/session_start_info", "_hparams_/session_end_info"} <= set(
        written.summary_metadata
    )
    for tag in PICTURES:
        for event in written.Images(tag):
            assert Image.open(BytesIO(event.encoded_image_string)).size == (event.width, event.height)


def test_hyper_parameters_can_be_compared(board_run):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    found = read(board_run.path).summary_metadata
    start, experiment = (
        HParamsPluginData.FromString(found[f"_hparams_/{name}"].plugin_data.content)
        for name in ("session_start_info", "experiment")
    )
    values = start.session_start_info.hparams
    assert values["optimizer"].string_value == "AdamW(lr=0.01)" and values["batch"].number_value == 32
    named = {each.name.tag for each in experiment.experiment.metric_infos}
    assert named == {"val/loss", "val/accuracy", "test/loss", "test/accuracy"} <= SCALARS


def test_histograms_are_those_of_the_weights(board_run):
    weight = dict(board_run.model.named_parameters())["head.weight"]
    (*_, last) = read(board_run.path).Histograms("head/weight")
    found = distributions(board_run.model, ["head.weight"])["head.weight"]
    assert last.step == 24 and list(last.histogram_value.bucket) == found["counts"]
    assert last.histogram_value.num == weight.numel()
    assert last.histogram_value.min == pytest.approx(weight.min().item())


@pytest.mark.parametrize("path", ["resnet", "gpt", "inception"])
def test_the_graph_is_that_of_the_net(path):
    from tensorboard.compat.proto.graph_pb2 import GraphDef

    net = tnet.load(ROOT / f"specs/{path}.tnet").net
    nodes = GraphDef.FromString(board.graph_def(net)).node
    found = flow(net)
    assert len(nodes) == len({node.name for node in nodes}) == len(list(found.root.vertices()))
    assert sum(len(node.input) for node in nodes) == len({(each.source, each.target) for each in found.edges})
    assert {name for node in nodes for name in node.input} <= {node.name for node in nodes}
    assert all(node.name.startswith(f"{net.name}/") for node in nodes)


def test_a_resumed_run_repeats_no_step(board_run, tmp_path, monkeypatch):
    monkeypatch.setattr(live, "SHARE", 1e9)
    run = shutil.copytree(board_run.path, tmp_path / "run")
    shutil.rmtree(run / "checkpoints/step-00000024")
    about = yaml.safe_load((run / "run.yaml").read_text())
    del about["result"]
    (run / "run.yaml").write_text(yaml.safe_dump(about))
    tnet.loads(TEXT, name="digits").train(out=run, resume=True)
    before, after = read(board_run.path), read(run)
    for tag in SCALARS - {"seconds"}:
        assert [(e.step, e.value) for e in after.Scalars(tag)] == [(e.step, e.value) for e in before.Scalars(tag)], tag
    for tag in PICTURES:
        steps = [event.step for event in after.Images(tag)]
        assert steps == [event.step for event in before.Images(tag)] and len(steps) == len(set(steps))
    assert [e.step for e in after.Histograms("conv/weight/grad")] == [12, 24]
    assert after.Graph() == before.Graph()


def test_a_run_that_was_rolled_back_repeats_no_step(tmp_path, monkeypatch):
    """The 9th step's loss is no number once: the run goes back to the checkpoint of step 6, and on from there."""
    monkeypatch.setattr(live, "SHARE", 1e9)
    changes = {"train.on_nan": "rollback", "train.evaluate": "3 steps", "train.checkpoint": "Checkpoint(every=6 steps)",
               "train.log_every": 1}  # fmt: skip
    check, times = LossWatch.check, []

    def unlucky(self, state):
        if state.step == 9 and not times:
            times.append(state.step)
            raise NotFinite.at(9, float("nan"), "made up")
        return check(self, state)

    monkeypatch.setattr(LossWatch, "check", unlucky)
    run = tnet.loads(TEXT, name="digits", overrides=changes).train(out=tmp_path / "run")
    written = read(run.path)
    assert times == [9]
    assert [event.step for event in written.Scalars("train/loss")] == list(range(1, 25))
    for tag in ("val/loss", "confusion/val"):
        events = written.Scalars(tag) if tag == "val/loss" else written.Images(tag)
        assert [event.step for event in events] == list(range(3, 25, 3))
    assert [event.step for event in written.Histograms("conv/weight")] == list(range(3, 25, 3))


def test_looking_for_tensorboard_changes_no_bit(board_run, tmp_path):
    plain = tnet.loads(TEXT.replace("log = [tensorboard]", ""), name="digits").train(out=tmp_path / "run")
    assert (plain.path / "model.safetensors").read_bytes() == (board_run.path / "model.safetensors").read_bytes()


def test_the_last_kernels_are_those_of_the_result(board_run):
    (*_, last) = read(board_run.path).Images("kernels/conv")
    shown = np.asarray(Image.open(BytesIO(last.encoded_image_string)))[:3, :3, 0].astype(float)
    kernel = dict(board_run.model.named_parameters())["conv.weight"].detach()
    expected = 128 + kernel[0, 0].numpy() / kernel.abs().max().item() * 127
    assert np.abs(shown - expected).max() <= 1
