"""Picture files: the decoder gives what PIL gives, to the bit, and refuses what PIL refuses."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from by_hand import call, net, recipe
from torchvision.datasets.folder import default_loader

from tnet.data.items import to_tensor
from tnet.data.pictures import Decoder, frame
from tnet.data.transforms.needed import size_needed

GRADIENT = np.add.outer(np.arange(75), np.arange(101)).astype(np.uint8)
COLOURS = np.stack([GRADIENT, GRADIENT[::-1] * 2, np.roll(GRADIENT, 30)], -1)


@pytest.mark.parametrize("name, mode, options", [
    ("a.jpg", "RGB", {}), ("b.JPEG", "RGB", {"quality": 30, "subsampling": 2}), ("c.jpg", "RGB", {"progressive": True}),
    ("d.jpg", "L", {}), ("e.jpg", "CMYK", {}), ("f.png", "RGB", {}), ("g.png", "P", {}), ("h.webp", "RGB", {}),
    ("i.jpg.png", "RGBA", {}), ("j.png", "I;16", {}),
])  # fmt: skip
def test_pictures_are_pils(tmp_path, name, mode, options):
    pixels = PIL.Image.fromarray(COLOURS)
    made = pixels.convert("L").point(lambda v: v * 256, "I").convert("I;16") if mode == "I;16" else pixels.convert(mode)
    made.save(tmp_path / name, **options)
    assert torch.equal(to_tensor(Decoder()(str(tmp_path / name))), to_tensor(default_loader(str(tmp_path / name))))


def test_a_jpeg_under_another_name_and_a_damaged_one(tmp_path):
    PIL.Image.fromarray(COLOURS).save(tmp_path / "a.jpg")
    (tmp_path / "wrong.png").write_bytes((tmp_path / "a.jpg").read_bytes())
    assert torch.equal(to_tensor(Decoder()(str(tmp_path / "wrong.png"))), to_tensor(Decoder()(str(tmp_path / "a.jpg"))))
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-200])
    (tmp_path / "none.jpg").write_bytes(b"")
    assert frame((tmp_path / "a.jpg").read_bytes()) == (75, 101, 3)
    for name in ("cut.jpg", "none.jpg", "missing.jpg"):
        with pytest.raises(OSError):
            Decoder()(str(tmp_path / name))


def scaled(folder, monkeypatch, **settings):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.chdir(folder)
    stages = {"augment": [call("Resize", [40, 50])], "prepare": [call("Resize", [40, 50])]}
    return recipe(net(3, 40, 50, classes=2), stages, train=call("ImageFolder", "photos"), workers=0, **settings).load(
        0, 4
    )


def test_large_pictures_are_decoded_at_the_size_that_is_needed(tmp_path, monkeypatch):
    """What is left is twice the size of `Resize`, whose filter then sees averages of pixels in place of the pixels:
    within a hundredth on a smooth picture, a few in fine detail; small pictures are the same to the bit."""
    down, across = np.mgrid[0:640, 0:900]
    waves = {"detail": 40, "smooth": 300}
    shown = {name: np.stack([127 + 100 * np.sin((across + c) / w + down / w) for c in range(3)], -1)
             for name, w in waves.items()}  # fmt: skip
    shown["tiny"] = shown["smooth"][:150, :150]
    for name, pixels in shown.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        PIL.Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / name / "0.jpg", quality=95)
    whole, less = scaled(tmp_path, monkeypatch), scaled(tmp_path, monkeypatch, decode="scaled")
    mine, other = (next(each.train.epoch(0)) for each in (whole, less))
    for target, image, close in zip(mine["target"].tolist(), mine["image"], other["image"], strict=True):
        torch.testing.assert_close(close, image, atol=[0.05, 0.01, 0][target], rtol=0)
    decoder = less.train.samples.samples.decoder
    assert decoder.least == (40, 50) and decoder("photos/smooth/0.jpg").size == (113, 80)
    assert not torch.equal(mine["image"], other["image"])


@pytest.mark.parametrize("stages", [
    {"augment": [call("RandomResizedCrop", 8)], "prepare": [call("Resize", [8, 8])]},
    {"augment": [call("Resize", 8, antialias=False)], "prepare": [call("Resize", [8, 8])]},
    {"augment": [call("Resize", 8, "nearest")], "prepare": [call("Resize", [8, 8])]},
    {"augment": [call("Resize", 8)]},
])  # fmt: skip
def test_what_needs_the_whole_picture_gets_it(stages):
    chosen = recipe(net(3, 8, 8), stages, train=call("Digits"))
    assert size_needed([chosen.augment.transforms, chosen.prepare.transforms]) is None
