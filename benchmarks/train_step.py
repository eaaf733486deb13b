"""A step of training against the same loop by hand with a DataLoader: same net, data, transforms, optimizer, schedule.

Both run eager, on one thread, so that what is compared is the loop and the data, not the kernels.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader

from .digits_by_hand import Digits
from .turns import in_turns, report

SPEC = Path(__file__).parent.parent / "specs" / "digits.tnet"


def by_hand(spec, augment: bool) -> Callable[[], None]:
    """One epoch, as written by hand."""
    from torchvision.transforms import v2

    part = spec.data().train
    images = part.samples.tensors["image"][part.indices]
    mean, std = [images.mean().item()], [images.std().item()]
    steps = [*([v2.RandomAffine(8, translate=(0.08, 0.08))] if augment else []), v2.Normalize(mean, std)]
    loader = DataLoader(Digits(images, part.labels, v2.Compose(steps)), batch_size=64, shuffle=True)
    model, criterion = spec.model().train(), nn.CrossEntropyLoss(label_smoothing=0.05)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10_000)

    def epoch() -> None:
        running = 0.0
        for image, target in loader:
            optimizer.zero_grad()
            loss = criterion(model(image), target)
            loss.backward()
            optimizer.step()
            schedule.step()
            running += loss.item()

    return epoch


def by_tnet(spec, folder: Path) -> Callable[[], None]:
    """One epoch of the loop that `tnet train` runs, recording included."""
    from tnet.training.log import JsonLines, Log
    from tnet.training.loop import Loop
    from tnet.training.parts import EPOCH, assemble
    from tnet.training.step import TrainStep
    from tnet.training.watch import LossWatch

    parts = assemble(spec, None, print)
    per_epoch = parts.per_epoch
    hooks = [
        LossWatch(parts.every(EPOCH), per_epoch, parts.world.device),
        Log(50, per_epoch, [JsonLines(folder / "metrics.jsonl")], parts.state),
    ]
    loop = Loop(TrainStep(parts.forward, parts.world), parts.loaders.train, parts.world, 0, hooks)

    def epoch() -> None:
        loop.total_steps += per_epoch
        loop.run(parts.state)

    return epoch


def main() -> None:
    import tnet

    torch.set_num_threads(1)
    overrides = {"train.compile": False, "train.epochs": 1000, "train.schedule": "CosineAnnealingLR"}
    plain = SPEC.read_text().replace("  augment: { RandomAffine(degrees=8, translate=[0.08, 0.08]) }\n", "")
    for name, text in (("with augmentation", SPEC.read_text()), ("without augmentation", plain)):
        spec = tnet.loads(text, overrides=overrides)
        with tempfile.TemporaryDirectory() as folder:
            tnet_loop = by_tnet(spec, Path(folder))
            hand = by_hand(spec, augment=text is not plain)
            seconds = in_turns({"by hand": hand, "tnet": tnet_loop}, 9)
        report(f"a training step, {name}", seconds, "tnet", "by hand", 1)


if __name__ == "__main__":
    main()
