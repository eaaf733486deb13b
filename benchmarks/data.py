"""Samples a second of tnet's loader and of a `DataLoader` with two persistent workers over the same v2 transforms.

Small images: 20,000 of 32×32 in colour, with crop, flip and normalisation. Files: JPEGs of 500×375, resized to 224,
flipped and normalised; they are decoded anew in every epoch, as where they do not fit in memory, by two workers too.
What is compared takes turns in one process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

import tnet

from .turns import in_turns

COUNT = int(os.environ.get("TNET_BENCHMARK_IMAGES", 20_000))
FILES = int(os.environ.get("TNET_BENCHMARK_FILES", 1_000))
MEAN, STD = [0.49, 0.48, 0.45], [0.25, 0.24, 0.26]
NORMALIZE = f"Normalize(mean={MEAN}, std={STD})"
NET = "net A(image: float[N, 3, H, W]) -> float[N, 10] {{ AdaptiveAvgPool2d(1) -> flatten(1); Linear(10) }}\n"
TRAIN = "train {{ epochs = 1; batch = {batch}; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1) }}\n"


class Held(Dataset):
    """Images in memory, as a data set written by hand."""

    def __init__(self, images: Tensor, labels: Tensor, transform: Callable):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(self.images[index]), self.labels[index]


def by_hand(dataset: Dataset, batch: int) -> Callable[[], object]:
    loader = DataLoader(dataset, batch, shuffle=True, num_workers=2, persistent_workers=True)
    return lambda: epoch(loader)


def epoch(loader) -> int:
    return sum(1 for _ in loader)


def unit() -> list[v2.Transform]:
    return [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]


def small_images(folder: Path) -> dict[str, Callable[[], object]]:
    images = torch.randint(0, 256, (COUNT, 3, 32, 32), dtype=torch.uint8)
    labels = torch.randint(0, 10, (COUNT,))
    torch.save({"image": images, "target": labels}, folder / "small.pt")
    spec = tnet.loads(f"""{NET}{TRAIN}
      data {{{{
        train = Tensors("small.pt")
        augment: {{{{ RandomCrop(32, padding=4); RandomHorizontalFlip }}}}
        transform: {{{{ {NORMALIZE} }}}}
      }}}}
    """.format(batch=128))  # fmt: skip
    train = spec.data().train
    steps = v2.Compose([v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip(), *unit()])
    return {"tnet": lambda: epoch(train), "DataLoader": by_hand(Held(images, labels, steps), 128)}


def photos(folder: Path) -> dict[str, Callable[[], object]]:
    write_photos(folder / "photos")
    spec = tnet.loads(f"""{NET}{TRAIN}
      data {{{{
        train = ImageFolder("photos")
        augment: {{{{ Resize([224, 224]); RandomHorizontalFlip }}}}
        transform: {{{{ {NORMALIZE} }}}}
        workers = 2
      }}}}
    """.format(batch=32))  # fmt: skip
    train = spec.data().train
    steps = v2.Compose([v2.ToImage(), v2.Resize([224, 224]), v2.RandomHorizontalFlip(), *unit()])
    return {"tnet": lambda: epoch(train), "DataLoader": by_hand(ImageFolder("photos", steps), 32)}


def write_photos(folder: Path) -> None:
    """Pictures with gradients, edges and noise, which compress as photographs do."""
    generator = np.random.default_rng(0)
    down, across = np.mgrid[0:375, 0:500]
    for number in range(FILES):
        place = folder / str(number % 10)
        place.mkdir(parents=True, exist_ok=True)
        waves = np.stack([127 + 80 * np.sin(across / (20 + number % 30) + down / 31 + c) for c in range(3)], -1)
        blocks = np.kron(generator.normal(0, 18, (94, 125, 3)), np.ones((4, 4, 1)))[:375, :500]
        pixels = np.clip(waves + blocks + generator.normal(0, 4, waves.shape), 0, 255).astype(np.uint8)
        PIL.Image.fromarray(pixels).save(place / f"{number}.jpg", quality=90)


def main() -> None:
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            for title, make, count, aim in [
                ("small images", small_images, COUNT, 15), ("JPEG files", photos, FILES, 1.2)
            ]:  # fmt: skip
                tell(title, make(Path(name)), count, aim)
        finally:
            os.chdir(home)


def tell(title: str, work: dict[str, Callable[[], object]], count: int, aim: float) -> None:
    for run in work.values():
        run()  # workers start, files are in the system's cache
    seconds = in_turns(work, 5)
    ratio = seconds["DataLoader"] / seconds["tnet"]
    rates = ", ".join(f"{name} {count / each:,.0f} samples/s" for name, each in seconds.items())
    print(f"{title}: {ratio:.2f} times a DataLoader (aim {aim:g}){'' if ratio >= aim else '  MISSED'}   {rates}")
