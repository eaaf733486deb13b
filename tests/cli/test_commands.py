"""What the commands do with specs, right and wrong."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml

import tnet
import tnet.training.loop
from tnet.cli.main import main

ROOT = Path(__file__).parent.parent.parent
DIGITS = ROOT / "specs/digits.tnet"

SMALL = """
hyper width = 4
net Small(image: float[N, 1, H=8, W=8]) -> float[N, 10] {
  x = cat([x -> MaxPool2d(2) -> ConvTranspose2d(1, 2, stride=2), x], dim=1)
  Conv2d(width, 3)
  AdaptiveAvgPool2d(1)
  flatten(1)
  Linear(10)
}
"""

TRAINED = """
net Line(x: float[N, 3]) -> float[N, 2] { Linear(2) }
data { train = Tensors("points.npz"); split = [0.6, 0.2, 0.2] }
train {
  epochs    = 2
  batch     = 8
  loss      = CrossEntropyLoss()
  optimizer = SGD(lr=0.5)
  metrics   = [accuracy]
  compile   = false
}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TNET_DEBUG", raising=False)
    (tmp_path / "small.tnet").write_text(SMALL)
    return tmp_path


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main([str(each) for each in arguments])
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    return code, output.out, output.err


def feed(monkeypatch, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


# ---- check -------------------------------------------------------------------------------------------------------


def test_check_prints_conditions_with_their_lines(capsys, folder):
    code, out, err = run(capsys, "check", "small.tnet")
    assert (code, err) == (0, "")
    assert out.startswith("small.tnet: no errors\n`Small` takes every size with\n")
    assert "\n  H % 2 == 0  # small.tnet:4:7\n  W % 2 == 0  # small.tnet:4:7\n" in out


def test_check_formats(capsys, folder):
    (folder / "wrong.tnet").write_text(
        SMALL.replace("Conv2d(width, 3)", "Conv3d(width, 3)").replace("flatten", "flaten")
    )
    code, full, _ = run(capsys, "check", "wrong.tnet")
    assert code == 1 and "^" in full and full.endswith("wrong.tnet: 2 errors\n")
    code, concise, _ = run(capsys, "check", "wrong.tnet", "--format", "concise")
    assert code == 1 and [line.partition(": ")[0] for line in concise.splitlines()] == [
        "wrong.tnet:5:3",
        "wrong.tnet:7:3",
    ]
    code, text, _ = run(capsys, "check", "wrong.tnet", "--json")
    found = json.loads(text)
    assert code == 1 and [each["line"] for each in found] == [5, 7]
    assert "did you mean `flatten`?" in found[1]["help"].lower()


def test_check_of_a_right_spec_as_json(capsys, folder):
    assert run(capsys, "check", "small.tnet", "--json") == (0, "[]\n", "")


def test_stdin(capsys, monkeypatch, folder):
    feed(monkeypatch, SMALL)
    code, out, err = run(capsys, "check", "-", "width=5")
    assert (code, err) == (0, "") and out.startswith("<stdin>: no errors\n")
    feed(monkeypatch, "net (")
    code, out, _ = run(capsys, "check", "-", "--format", "concise")
    assert code == 1 and out.startswith("<stdin>:1:5: error[TN0101]")


@pytest.mark.parametrize(
    ("content", "code", "diagnostic"),
    [
        (b"", 1, "TN0106"),
        (b"net \x00", 1, "TN0105"),
        (b"hyper a = \"\xe9\"", 1, "TN0105"),
        (b"#" * (2**20 + 1), 3, "TN0901"),
    ],
)  # fmt: skip
def test_files_that_are_no_specs(capsys, monkeypatch, folder, content, code, diagnostic):
    (folder / "bad.tnet").write_bytes(content)
    for name in ("bad.tnet", "-"):
        feed(monkeypatch, content)
        found, out, err = run(capsys, "check", name, "--format", "concise")
        assert found == code and diagnostic in out + err and len((out + err).splitlines()) <= 2


def test_a_missing_spec(capsys, folder):
    code, out, err = run(capsys, "train", "smal.tnet")
    assert (code, out) == (4, "") and "cannot read `smal.tnet`" in err and "did you mean `small.tnet`?" in err


def test_a_wrong_value_is_shown_at_its_place(capsys, folder):
    (folder / "params.yaml").write_text("# sizes\nwidth: wide\n")
    code, out, _ = run(capsys, "check", "small.tnet", "--params", "params.yaml", "--format", "concise")
    assert code == 1 and out.startswith("params.yaml:2:8: error[TN0303]: `width` is an integer")
    code, out, _ = run(capsys, "check", "small.tnet", "width=wide")
    assert code == 1 and "<command line>:1:7: error[TN0303]" in out and " 1 | width=wide\n   |       ^^^^" in out


# ---- fmt ---------------------------------------------------------------------------------------------------------

LOOSE = "hyper  lr=1e-3   # rate\n"
TIGHT = "hyper lr = 1e-3  # rate\n"


def test_fmt_in_place(capsys, folder):
    (folder / "a.tnet").write_text(LOOSE)
    assert run(capsys, "fmt", "a.tnet") == (0, "", "a.tnet formatted\n")
    assert (folder / "a.tnet").read_text() == TIGHT
    assert run(capsys, "fmt", "a.tnet") == (0, "", "")


def test_fmt_check_and_diff_change_nothing(capsys, folder):
    (folder / "a.tnet").write_text(LOOSE)
    (folder / "b.tnet").write_text(TIGHT)
    assert run(capsys, "fmt", "--check", "a.tnet", "b.tnet") == (1, "", "a.tnet would change\n")
    code, out, _ = run(capsys, "fmt", "--diff", "a.tnet", "b.tnet")
    assert code == 1 and out == f"--- a.tnet\n+++ a.tnet\n@@ -1 +1 @@\n-{LOOSE}+{TIGHT}"
    assert run(capsys, "fmt", "--check", "--diff", "b.tnet") == (0, "", "")
    assert (folder / "a.tnet").read_text() == LOOSE


def test_fmt_of_stdin(capsys, monkeypatch, folder):
    feed(monkeypatch, LOOSE)
    assert run(capsys, "fmt", "-") == (0, TIGHT, "")


def test_fmt_leaves_a_wrong_file_alone_and_goes_on(capsys, folder):
    (folder / "a.tnet").write_text("net (\n")
    (folder / "b.tnet").write_text(LOOSE)
    code, out, err = run(capsys, "fmt", "a.tnet", "b.tnet", "no.tnet")
    assert (code, out) == (1, "") and "a.tnet:1:" in err and "cannot read `no.tnet`" in err
    assert (folder / "a.tnet").read_text() == "net (\n" and (folder / "b.tnet").read_text() == TIGHT


# ---- build, summary, plan ----------------------------------------------------------------------------------------


def test_build_without_a_target(capsys, folder):
    code, out, err = run(capsys, "build", "small.tnet")
    paths = [f"build/small/{name}" for name in ("graph.svg", "graph.html", "model.py", "summary.txt", "ir.yaml")]
    assert (code, err) == (0, "") and out.splitlines()[-5:] == paths
    assert out.startswith((folder / "build/small/summary.txt").read_text())
    assert (folder / "build/small/graph.svg").read_text().startswith("<?xml")
    assert sorted(os.listdir("build/small")) == ["graph.html", "graph.svg", "ir.yaml", "model.py", "summary.txt"]
    program = yaml.safe_load((folder / "build/small/ir.yaml").read_text())
    assert program["nets"]["Small"]["conditions"][0]["at"] == "4:7"


def test_the_built_source_is_the_model(capsys, folder):
    assert run(capsys, "build", "small.tnet", "width=6", "-o", "out/model.py") == (0, "out/model.py\n", "")
    program = "import model, sys; print(sorted(model.Small().state_dict())); print('tnet' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder / "out", capture_output=True, text=True)
    model = tnet.load("small.tnet", width=6).model()
    assert done.stdout == f"{sorted(model.state_dict())}\nFalse\n", done.stderr


@pytest.mark.parametrize(
    ("name", "start"),
    [("g.svg", b"<?xml"), ("g.png", b"\x89PNG"), ("g.dot", b"digraph"), ("g.yaml", b"spec: s"), ("g.txt", b"Small(")],
)  # fmt: skip
def test_build_by_ending(capsys, folder, name, start):
    assert run(capsys, "build", "small.tnet", "-o", name) == (0, f"{name}\n", "")
    assert (folder / name).read_bytes().startswith(start)


def test_build_to_a_folder(capsys, folder):
    code, out, _ = run(capsys, "build", "small.tnet", "-o", "here")
    assert code == 0 and out.splitlines()[0] == "here/graph.svg" and (folder / "here/model.py").exists()


def test_build_of_another_net(capsys, folder):
    (folder / "two.tnet").write_text(SMALL + "net Other(x: float[N, 3]) -> float[N, 2] { Linear(2) }\n")
    code, _, err = run(capsys, "build", "two.tnet")
    assert code == 1 and "no main net" in err and "choose one of `Small`, `Other`" in err
    code, out, _ = run(capsys, "build", "two.tnet", "--net", "Other")
    assert code == 0 and out.startswith("Other(") and "build/two/Other/model.py" in out


def test_training_of_another_net(capsys, folder):
    text = (
        TRAINED
        + "parameters { head { lr = 0.1 } }\nnet Deep(x: float[N, 3]) -> float[N, 2] { Linear(4); head: Linear(2) }\n"
    )
    (folder / "two.tnet").write_text(text)
    code, out, err = run(capsys, "plan", "two.tnet")
    assert (code, out) == (1, "") and "which net `train` is for is open: `Line`, `Deep`" in err
    code, out, err = run(capsys, "plan", "two.tnet", "--net", "Deep")
    assert (code, err) == (0, "") and re.search(r"^head +\d+ +2 +10 ", out, re.MULTILINE)
    code, out, err = run(capsys, "plan", "two.tnet", "--net", "Deeep")
    assert (code, out) == (1, "") and err == ("error[TN0201]: no net is called `Deeep`\nhelp: did you mean `Deep`?\n")


def test_nothing_good_is_overwritten(capsys, monkeypatch, folder):
    (folder / "g.svg").write_text("good")
    (folder / "file").write_text("")
    code, out, err = run(capsys, "build", "small.tnet", "-o", "file/g.svg")
    assert (code, out) == (4, "") and "error[TN0902]: cannot write `file/g.svg`" in err
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    code, _, err = run(capsys, "build", "small.tnet", "-o", "g.svg")
    assert code == 4 and "no space left on device" in err
    assert (folder / "g.svg").read_text() == "good" and sorted(os.listdir()) == ["file", "g.svg", "small.tnet"]


def test_the_system_s_engine_is_asked_for(capsys, monkeypatch, folder):
    code, _, err = run(capsys, "build", "small.tnet", "-o", "g.pdf")
    assert code == 2 and "add --engine dot" in err
    monkeypatch.setattr("tnet.render.layout.which", lambda name: None)
    monkeypatch.setattr("tnet.render.layout.program", tnet_program())
    code, _, err = run(capsys, "build", "small.tnet", "-o", "g.pdf", "--engine", "dot")
    assert code == 4 and "install graphviz" in err and not (folder / "g.pdf").exists()


def tnet_program():
    from tnet.render.layout import program

    return program.__wrapped__


def test_summary(capsys, folder):
    code, out, err = run(capsys, "summary", "small.tnet", "width=3")
    assert (code, err) == (0, "") and "conv2d  " in out and "[N, 3, H - 2, W - 2]" in out
    code, text, _ = run(capsys, "summary", "small.tnet", "--json")
    assert json.loads(text)["total"]["parameters"] == sum(
        each.numel() for each in tnet.load("small.tnet").model().parameters()
    )
    code, table, _ = run(capsys, "summary", "small.tnet", "--style", "torchsummary")
    assert code == 0 and "├─MaxPool2d: 1-1" in table and "Total params" in table


def test_what_is_not_done_in_train_is_told_and_the_model_is_built(capsys, folder):
    (folder / "a.tnet").write_text(TRAINED.replace("epochs    = 2", 'epochs = 2; distributed = "ddp"'))
    code, out, err = run(capsys, "summary", "a.tnet")
    assert (
        code == 0 and "linear" in out and "warning[TN0001]: the training setting `distributed` is not done yet" in err
    )
    code, out, err = run(capsys, "plan", "a.tnet")
    assert (code, out) == (1, "") and "error[TN0001]" in err


def test_plan(capsys):
    code, out, err = run(capsys, "plan", DIGITS, "train.epochs=2")
    assert (code, err) == (0, "") and "2 epochs of 23 steps each, 46 steps, batch 64" in out
    code, text, _ = run(capsys, "plan", DIGITS, "--json")
    assert json.loads(text)["steps"] == 345


# ---- train, eval, predict ----------------------------------------------------------------------------------------


def test_train_eval_predict(capsys, folder):
    import numpy

    draw = numpy.random.default_rng(0)
    points = draw.normal(size=(40, 3)).astype("float32")
    numpy.savez(folder / "points.npz", x=points, target=(points[:, 0] > 0).astype("int64"))
    (folder / "line.tnet").write_text(TRAINED)
    code, out, err = run(capsys, "train", "line.tnet", "train.epochs=4", "--out", "run")
    assert code == 0 and out.startswith("test.loss ") and "epoch 4/4" in err
    code, text, _ = run(capsys, "eval", "run", "--json")
    tested = json.loads(text)
    assert code == 0 and f"{tested['test.loss']:.4f}" in out
    code, table, _ = run(capsys, "eval", "run", "--part", "val")
    assert code == 0 and "val.accuracy" in table
    code, same, _ = run(capsys, "eval", "run", "--json", "train.batch=3", "data.workers=0")
    assert code == 0 and json.loads(same)["test.loss"] == pytest.approx(tested["test.loss"])
    code, _, err = run(capsys, "eval", "run", "train.batch=none")
    assert code == 1 and "<command line>:1:13" in err
    numpy.save(folder / "new.npy", points[:3])
    code, answers, _ = run(capsys, "predict", "run", "new.npy")
    assert code == 0 and [line.partition("  ")[0] for line in answers.splitlines()] == [
        "new.npy[0]",
        "new.npy[1]",
        "new.npy[2]",
    ]
    code, text, _ = run(capsys, "predict", "run", "new.npy", "data.workers=0", "--json")
    expected = torch.softmax(torch.tensor([each["output"] for each in json.loads(text)]), 1)
    assert [each["probability"] for each in json.loads(text)] == pytest.approx(expected.amax(1).tolist(), rel=1e-5)
    code, _, err = run(capsys, "train", "line.tnet", "--out", "run")
    assert code == 4 and "`run` is not empty" in err


def test_a_stopped_run_is_resumed(capsys, monkeypatch, folder):
    import signal

    import numpy

    numpy.savez(folder / "points.npz", x=numpy.eye(3, dtype="float32")[[0, 1, 2] * 10], target=numpy.arange(30) % 2)
    (folder / "line.tnet").write_text(TRAINED)
    real = tnet.training.loop.Loop._epoch
    stopping = [True, False, False]

    def stop(self, state, hooks):
        if stopping.pop(0):
            signal.raise_signal(signal.SIGTERM)
        real(self, state, hooks)

    monkeypatch.setattr(tnet.training.loop.Loop, "_epoch", stop)
    code, out, err = run(capsys, "train", "line.tnet", "--out", "run")
    assert (code, out) == (75, "") and "`tnet train line.tnet --resume --out run` goes on from there" in err
    code, out, err = run(capsys, "train", "line.tnet", "--resume", "--out", "run", "train.epochs=3")
    assert (code, out) == (1, "") and err.startswith("error[TN0905]: `train.epochs` has changed since the run in `run`")
    assert "note: `train.epochs` 2 → 3: takes effect\nhelp: `--accept-changes`" in err
    code, out, err = run(capsys, "train", "run", "--resume")
    assert code == 0 and out.startswith("test.loss ") and "going on in run after step 1" in err
    assert run(capsys, "train", "line.tnet", "--resume", "--out", "run")[0] == 0
    (checkpoint,) = (folder / "run/checkpoints").glob("*6")
    (checkpoint / "state.json").unlink()
    shutil.rmtree(folder / "run/checkpoints/step-00000003")
    code, out, err = run(capsys, "train", "run", "--resume", "--accept-changes", "train.epochs=3")
    assert (code, out) == (5, "") and "error[TN0903]: no usable checkpoint in `run/checkpoints`\nnote: " in err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["line.tnet", "--accept-changes"], 2, "`--accept-changes` is for `--resume`"),
        (["."], 2, "to go on with the run in it, add `--resume`"),
        ([".", "--resume"], 4, "it has no `run.yaml`"),
        ([".", "--resume", "--out", "other"], 2, "is another folder than the run's"),
        (["line.tnet", "--resume"], 4, "there is no run in `runs/line` to go on with"),
        (["line.tnet", "--resume", "--out", "."], 4, "`.` is no folder of a run"),
    ],
)
def test_runs_that_cannot_be_resumed(capsys, folder, arguments, code, words):
    (folder / "line.tnet").write_text(TRAINED)
    found, out, err = run(capsys, "train", *arguments)
    assert (found, out) == (code, "") and words in err


def test_a_folder_that_is_no_run(capsys, folder):
    code, out, err = run(capsys, "eval", ".")
    assert (code, out) == (4, "") and "error[TN0902]" in err


def test_data_that_is_not_there(capsys, folder):
    (folder / "line.tnet").write_text(TRAINED)
    code, out, err = run(capsys, "train", "line.tnet")
    assert (code, out) == (1, "") and "error[TN0702]: no file or folder `points.npz`" in err
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("format", ["github", "sarif"])
def test_check_for_code_hosts(folder, capsys, format):
    (folder / "wrong.tnet").write_text("net A(x: float[N, 3]) { Linear(3, biass=true) }")
    code, out, err = run(capsys, "check", "wrong.tnet", "--format", format)
    assert (code, err) == (1, "") and "wrong.tnet" in out and "TN0301" in out and "\x1b" not in out


def test_names_with_control_characters_are_escaped(folder, capsys):
    name = "a\x1b[31mb.tnet"
    (folder / name).write_text("net A(v: float[N, H]) { MaxPool1d(2); Upsample(scale_factor=2); shape [N, H] }")
    for arguments in ([name], [name, "--format", "concise"], ["none" + name], [name, "\x1b[31m"], ["\x1b[31m", "-x"]):
        code, out, err = run(capsys, "check", *arguments)
        assert "\x1b" not in out + err and (out + err)
    assert "\x1b" not in "".join(map(str, run(capsys, "\x1b[31m")))
