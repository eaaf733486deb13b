"""`tnet predict -o`: inputs with what is said of them, normalisation undone, and what the answers are due to."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

import tnet
from tnet.cli import predict as command
from tnet.cli.main import main
from tnet.render.prediction_sheet import overlaid
from tnet.training import load_run
from tnet.training.prediction import predictions

LAST = "train { epochs = 1; batch = 64; compile = false; optimizer = Adam(lr=0.01); loss = "
SPECS = {
    "digits": """
net Tiny(image: float[N, 1, 8, 8]) -> float[N, 10] { Conv2d(4, 3); relu; flatten(1); Linear(10) }
data { train = Digits(); transform: { Normalize(mean="auto", std="auto") } }
"""
    + LAST + "CrossEntropyLoss() }",
    "painter": """
net Painter(image: float[N, 1, 8, 8]) -> picture: float[N, 1, 8, 8], mean: float[N] {
  picture = x -> Conv2d(1, 3, padding=1)
  return picture, picture.mean([1, 2, 3])
}
data { train = Digits() }
"""
    + LAST + "mse_loss(picture, image) }",
    "number": """
net Number(image: float[N, 1, 8, 8]) -> float[N] { flatten(1); Linear(1); squeeze(1) }
data { train = Digits() }
"""
    + LAST + "mse_loss(output, target.float()) }",
    "iris": """
net Flowers(features: float[N, 4]) -> float[N, 3] { Linear(3) }
data { train = Iris() }
"""
    + LAST + "CrossEntropyLoss() }",
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, text in SPECS.items():
        tnet.loads(text, name=name).train(out=folder / name)
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    from sklearn.datasets import load_digits

    folder = tmp_path_factory.mktemp("pictures")
    for number, image in enumerate(load_digits().images[:5]):
        Image.fromarray((image * 255 / 16).round().astype(np.uint8)).save(folder / f"<b>{number}.png")
    return folder


def test_pictures_with_their_answers(runs, pictures, tmp_path, capsys):
    """R13: and D9, what is shown is the picture before it was normalised."""
    for ending in (".svg", ".html", ".png"):
        assert main(["predict", str(runs / "digits"), str(pictures), "-o", str(tmp_path / f"page{ending}")]) == 0
    assert capsys.readouterr().out.splitlines()[-3:] == [
        str(tmp_path / f"page{end}") for end in (".svg", ".html", ".png")
    ]
    answers = tnet.training.predict(runs / "digits", [pictures])
    for ending in (".svg", ".html"):
        page = (tmp_path / f"page{ending}").read_text()
        texts = [unescape(each) for each in re.findall("<text[^>]*>([^<]*)</text>", page)]
        assert texts[1:] == [text for answer in answers for text in
                             (command.said(answer), answer["input"].rpartition("/")[2])]  # fmt: skip
        assert page.count("<image ") == 5 and "<b>" not in page
    assert Image.open(tmp_path / "page.png").width == 1520
    for path, found in zip(sorted(pictures.iterdir()), predictions(runs / "digits", [pictures]), strict=True):
        before = torch.from_numpy(np.asarray(Image.open(path)).copy()).float() / 255
        assert torch.allclose(found.pictures[0][0], before, atol=1e-6)  # x * s + m of (x - m) / s rounds


def test_what_the_net_makes_is_beside(runs, pictures, tmp_path):
    assert main(["predict", str(runs / "painter"), str(pictures), "-o", str(tmp_path / "page.svg")]) == 0
    page = (tmp_path / "page.svg").read_text()
    assert page.count("<image ") == 10 and page.count("<text ") == 6


@pytest.mark.parametrize("name", ["digits", "number"])
def test_attributions_add_up(runs, pictures, name):
    """R11: all pixels together are what the score is above that of a black picture, but for the sum of 50 steps that
    stands for an integral."""
    run = load_run(runs / name)
    statistics = run.about["data"]["statistics"].get(0, {"mean": [0.0], "std": [1.0]})
    mean, std = statistics["mean"][0], statistics["std"][0]
    for found in predictions(runs / name, [pictures], attribute=True):
        (picture,), (attribution,) = found.pictures, found.attributions
        assert attribution.shape == (8, 8) and attribution.abs().sum() > 0
        with torch.no_grad():
            there, black = (run.model(((each - mean) / std)[None]) for each in (picture, torch.zeros_like(picture)))
        index = found.answer.get("index")
        rise = (there - black)[0] if index is None else (there - black)[0, index]
        assert attribution.sum().item() == pytest.approx(rise.item(), rel=0.02, abs=0.02)


def test_attributions_are_drawn(runs, pictures, tmp_path):
    page = tmp_path / "page.png"
    assert main(["predict", str(runs / "digits"), str(pictures), "-o", str(page), "--attribute"]) == 0
    colours = np.asarray(Image.open(BytesIO(page.read_bytes()))).reshape(-1, 3).astype(int)
    assert (colours[:, 0] - colours[:, 2] > 100).any() and (colours[:, 2] - colours[:, 0] > 100).any()


def test_red_speaks_for_and_blue_against():
    drawn = overlaid(torch.zeros(1, 1, 3), torch.tensor([[1.0, 0.0, -1.0]]))
    assert drawn.tolist() == [[[203, 36, 49], [166, 166, 166], [5, 80, 174]]]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["digits", "PICTURES", "-o", "page.pdf"], 2, "`-o` knows the endings .svg, .png, .html, not `.pdf`"),
        (["digits", "PICTURES", "-o", "page"], 2, "not `page`"),
        (["digits", "PICTURES", "-o", "page.png", "--json"], 2, "both say what is to come out"),
        (["digits", "PICTURES", "--attribute"], 2, "`-o page.png` says where"),
        (["digits", "data.workers=0", "-o", "page.png"], 2, "no INPUT is given"),
        (["digits", "nothing.png", "-o", "page.png"], 1, "no file `nothing.png`"),
        (["digits", "PICTURES", "-o", "file/page.png"], 4, "cannot write"),
        (["iris", "iris.csv", "-o", "page.png"], 1, "neither what the net takes nor what it gives is one"),
        (["iris", "iris.csv", "-o", "page.png", "--attribute"], 1, "takes `features: float32[N, 4]`"),
        (["painter", "PICTURES", "-o", "page.png", "--attribute"], 1, "only a class or a single number"),
        (["nowhere", "PICTURES", "-o", "page.png"], 4, "no folder of a run"),
    ],
)
def test_misuse(runs, pictures, tmp_path, monkeypatch, capsys, arguments, code, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "iris.csv").write_text("1,2,3,4\n")
    run, *rest = [str(pictures) if each == "PICTURES" else each for each in arguments]
    assert main(["predict", str(runs / run), *rest]) == code
    assert told in capsys.readouterr().err
    assert not (tmp_path / "page.png").exists()


def test_without_captum_its_command_is_told(runs, pictures, monkeypatch, capsys):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert main(["predict", str(runs / "digits"), str(pictures), "-o", "page.png", "--attribute"]) == 2
    assert "pip install 'tnet[attribute]'" in capsys.readouterr().err
