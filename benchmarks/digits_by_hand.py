"""What `specs/digits.tnet` does, as a script by hand: its peer in `training.py`. The argument is the threads to use."""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

EPOCHS, BATCH, RATE, DECAY = 15, 64, 4e-3, 0.02


class Digits(Dataset):
    """The digits as a handbook reads them: one image at a time, transformed by torchvision."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, transform: nn.Module):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.transform(self.images[index]), self.labels[index]


def net() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(1), nn.Dropout(0.2), nn.Linear(1024, 10),
    )  # fmt: skip


def initialise(model: nn.Module) -> None:
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear):
            nn.init.xavier_normal_(module.weight)
            nn.init.zeros_(module.bias)


def groups(model: nn.Module) -> list[dict]:
    head = model[-1]
    plain = [parameter for parameter in model.parameters() if parameter.ndim < 2 and parameter is not head.bias]
    decayed = [parameter for parameter in model.parameters() if parameter.ndim > 2]
    return [
        {"params": decayed},
        {"params": plain, "weight_decay": 0.0},
        {"params": [head.weight], "lr": 0.5 * RATE},
        {"params": [head.bias], "lr": 0.5 * RATE, "weight_decay": 0.0},
    ]


def accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    with torch.no_grad():
        right = sum((model(image).argmax(1) == target).sum().item() for image, target in loader)
    model.train()
    return right / len(loader.dataset)


def main(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(42)
    data = load_digits()
    images, labels = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16, torch.tensor(data.target)
    rest, test = train_test_split(range(len(labels)), test_size=0.1, stratify=labels, random_state=0)
    train, val = train_test_split(rest, test_size=1 / 9, stratify=labels[rest], random_state=0)
    normalize = v2.Normalize([images[train].mean().item()], [images[train].std().item()])
    augment = v2.Compose([v2.RandomAffine(8, translate=(0.08, 0.08)), normalize])
    loaders = {
        "train": DataLoader(Digits(images[train], labels[train], augment), BATCH, shuffle=True),
        "val": DataLoader(Digits(images[val], labels[val], normalize), BATCH),
        "test": DataLoader(Digits(images[test], labels[test], normalize), BATCH),
    }
    model = net()
    initialise(model)
    optimizer = torch.optim.AdamW(groups(model), lr=RATE, weight_decay=DECAY)
    per_epoch = len(loaders["train"])
    rest_of_run = (EPOCHS - 1) * per_epoch

    def factor(step: int) -> float:
        if step < per_epoch:
            return 0.1 + 0.9 * step / per_epoch
        return 0.5 * (1 + math.cos(math.pi * (step - per_epoch) / rest_of_run))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
    for epoch in range(EPOCHS):
        running = 0.0
        for image, target in loaders["train"]:
            optimizer.zero_grad()
            loss = criterion(model(image), target)
            loss.backward()
            optimizer.step()
            schedule.step()
            running += loss.item()
        print(f"epoch {epoch + 1}: loss {running / per_epoch:.4f}, val {accuracy(model, loaders['val']):.4f}")
    print(f"test {accuracy(model, loaders['test']):.4f}")
    torch.save(model.state_dict(), Path(tempfile.gettempdir()) / "digits_by_hand.pt")


if __name__ == "__main__":
    main(int(sys.argv[1]))
