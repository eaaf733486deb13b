"""What the page of a run shows of nets that classify places, as pixels, and of those with several labels a sample."""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import tnet
from tnet.cli.main import main
from tnet.render.pixels import PALETTE, coloured, png_of
from tnet.render.report import board
from tnet.render.report.record import read_record
from tnet.training.prediction import predictions
from tnet.training.testing import load_data

SEGMENTING = """
net Segmenter(image: float[N, 3, 8, 8]) -> float[N, 4, 8, 8] { Conv2d(6, 3, padding=1); relu; head: Conv2d(4, 1) }
data { train = Tensors("masks.safetensors"); split = [0.5, 0.5] }
train { epochs = 2; batch = 8; compile = false; loss = CrossEntropyLoss(ignore_index=255); optimizer = Adam(lr=0.02) }
"""


@pytest.fixture(scope="module")
def segmented(tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    draws = torch.Generator().manual_seed(0)
    target = torch.randint(0, 3, (40, 8, 8), generator=draws)
    image = torch.stack([target * 60, 255 - target * 60, target * 20], 1).to(torch.uint8)
    target[:, 0] = 255  # a row that does not count; class 3 is nowhere
    save_file({"image": image, "target": target}, folder / "masks.safetensors")
    (folder / "masks.tnet").write_text(SEGMENTING)
    return tnet.load(folder / "masks.tnet").train(out=folder / "run")


def test_pixels_are_counted(segmented):
    """R3: the confusion matrix of pixels, those left out that the loss leaves out, and the samples with most wrong."""
    loader = load_data(segmented).val
    fields = loader.make(loader.indices, 0)
    with torch.no_grad():
        found = segmented.model(fields["image"]).argmax(1)
    counted = fields["target"] != 255
    expected = torch.zeros(4, 4, dtype=torch.int64)
    expected.index_put_((fields["target"][counted], found[counted]), torch.tensor(1), accumulate=True)
    seen = read_record(segmented.path).seen
    assert seen["confusion"] == expected.tolist() and seen["dense"] and not seen.get("made")
    wrong = (counted & (found != fields["target"])).sum((1, 2))
    assert [int(each["predicted"]) for each in seen["samples"]] == wrong.sort(descending=True).values.tolist()[:24]
    assert all(len(each["maps"]) == 2 and each["target"] == "56" for each in seen["samples"])


def test_the_page_shows_maps_and_overlaps(segmented):
    page = (segmented.path / "report.html").read_text()
    counts = torch.tensor(read_record(segmented.path).seen["confusion"])
    overlaps = counts.diagonal() / (counts.sum(0) + counts.sum(1) - counts.diagonal())
    shown = re.findall(r"<td>([\d.]+)</td></tr>", page.split("<h2>Classes")[1].split("</table>")[0])
    assert [float(each) for each in shown] == pytest.approx(overlaps[:3].tolist(), abs=1e-3)
    assert "no samples of 3" in page and "of 56 pixels are wrong" in page and page.count('alt="those predicted"') == 12


def test_tensorboard_is_given_the_maps_too(segmented):
    seen = read_record(segmented.path).seen
    found = board.pictures(seen | {"samples": seen["samples"][:1], "features": []})
    assert set(found) >= {"confusion/val", "mistakes/val"}
    alone = board.pictures({"part": "val", "samples": [seen["samples"][0] | {"maps": []}]})
    widths = [Image.open(BytesIO(each["mistakes/val"])).size[0] for each in (found, alone)]
    assert widths[0] == widths[1] and found["mistakes/val"] != alone["mistakes/val"]


def test_predictions_of_pixels_are_shown_as_classes(segmented, tmp_path, capsys):
    """R13: the map beside the picture, in the colours of the run's page."""
    image = torch.full((1, 3, 8, 8), 200, dtype=torch.uint8)
    np.save(tmp_path / "image.npy", image.numpy())
    (found,) = predictions(segmented.path, [tmp_path / "image.npy"])
    with torch.no_grad():
        expected = segmented.model(image / 255).argmax(1)
    assert torch.equal(found.maps[0], expected[0]) and not found.made and len(found.pictures) == 1
    assert main(["predict", str(segmented.path), str(tmp_path / "image.npy"), "-o", str(tmp_path / "page.svg")]) == 0
    page = (tmp_path / "page.svg").read_text()
    assert page.count("<image") == 2 and b64encode(png_of(coloured(expected[0]), 224)).decode() in page


TAGGING = """
net Tags(x: float[N, 6]) -> tags: float[N, 3] { Linear(3) }
data { train = Tensors("tags.safetensors"); split = [0.5, 0.5] }
train { epochs = 2; batch = 8; compile = false; loss = BCEWithLogitsLoss(); optimizer = Adam(lr=0.02) }
"""


def test_labels_are_counted_each_by_itself(tmp_path):
    draws = torch.Generator().manual_seed(0)
    x = torch.randn(60, 6, generator=draws)
    target = torch.cat([(x[:, :2] > 0.3).float(), torch.zeros(60, 1)], 1)  # nobody has the last label
    save_file({"x": x, "target": target}, tmp_path / "tags.safetensors")
    (tmp_path / "tags.tnet").write_text(TAGGING)
    run = tnet.load(tmp_path / "tags.tnet").train(out=tmp_path / "run")
    loader = load_data(run).val
    fields = loader.make(loader.indices, 0)
    with torch.no_grad():
        output = run.model(fields["x"])
    said, there = output > 0, fields["target"] > 0.5
    seen = read_record(run.path).seen
    for number, (name, found) in enumerate(seen["by_label"].items()):
        one, other = said[:, number], there[:, number]
        assert name == str(number) and found["samples"] == int(other.sum())
        assert found["accuracy"] == pytest.approx(float((one == other).float().mean()))
        both = int((one & other).sum())
        assert found["recall"] == (both / int(other.sum()) if other.any() else None)
        assert found["precision"] == (both / int(one.sum()) if one.any() else None)
    losses = torch.nn.functional.binary_cross_entropy_with_logits(output, fields["target"], reduction="none").mean(1)
    losses[(said == there).all(1)] = -1
    worst = losses.argsort(descending=True)[: int((losses >= 0).sum())][:24]
    assert [each["number"] for each in seen["samples"]] == loader.indices[worst].tolist()
    expected = ", ".join(str(each) for each in there[worst[0]].nonzero().flatten().tolist()) or "none"
    assert seen["samples"][0]["target"] == expected
    page = (run.path / "report.html").read_text()
    assert "<h2>Labels" in page and "<h2>Worst mistakes" in page and "<h2>Classes" not in page


def test_classes_have_colours():
    shown = coloured(torch.tensor([[0, 1], [255, -100]]))
    assert shown.tolist() == [[[0, 0, 0], list(PALETTE[0])], [[128] * 3, [128] * 3]]
