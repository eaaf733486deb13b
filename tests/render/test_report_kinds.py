"""What the page of a run shows of nets that classify places, as pixels."""

from __future__ import annotations

import re
from base64 import b64encode

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import tnet
from tnet.cli.main import main
from tnet.render.pixels import PALETTE, coloured, png_of
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


def test_classes_have_colours():
    shown = coloured(torch.tensor([[0, 1], [255, -100]]))
    assert shown.tolist() == [[[0, 0, 0], list(PALETTE[0])], [[128] * 3, [128] * 3]]
