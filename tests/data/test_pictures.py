"""Picture files: the decoder gives what PIL gives, to the bit, and refuses what PIL refuses."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch
from torchvision.datasets.folder import default_loader

from tnet.data.items import to_tensor
from tnet.data.pictures import decoded, frame

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
    assert torch.equal(to_tensor(decoded(str(tmp_path / name))), to_tensor(default_loader(str(tmp_path / name))))


def test_a_jpeg_under_another_name_and_a_damaged_one(tmp_path):
    PIL.Image.fromarray(COLOURS).save(tmp_path / "a.jpg")
    (tmp_path / "wrong.png").write_bytes((tmp_path / "a.jpg").read_bytes())
    assert torch.equal(to_tensor(decoded(str(tmp_path / "wrong.png"))), to_tensor(decoded(str(tmp_path / "a.jpg"))))
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-200])
    (tmp_path / "none.jpg").write_bytes(b"")
    assert frame((tmp_path / "a.jpg").read_bytes()) == (75, 101, 3)
    for name in ("cut.jpg", "none.jpg", "missing.jpg"):
        with pytest.raises(OSError):
            decoded(str(tmp_path / name))
