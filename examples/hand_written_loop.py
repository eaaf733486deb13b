"""A spec's model, data, loss, optimizer and schedule in a loop of one's own.

python examples/hand_written_loop.py
"""

from pathlib import Path

import torch

import tnet

SPECS = Path(__file__).parent.parent / "specs"


def main(epochs: int = 3) -> float:
    """Train the digits for some epochs and return the share of right answers on the validation data."""
    spec = tnet.load(SPECS / "digits.tnet", overrides={"train.epochs": epochs})
    model, data, loss = spec.model(), spec.data(), spec.loss()
    optimizer = spec.optimizer(model)
    scheduler = spec.scheduler(optimizer, steps_per_epoch=len(data.train))
    for epoch in range(epochs):
        model.train()
        for batch in data.train:
            optimizer.zero_grad()
            value = loss(model(batch["image"]), batch)
            value.backward()
            optimizer.step()
            scheduler.step()
        share = accuracy(model, data.val)
        print(f"epoch {epoch + 1}: loss {value.item():.3f}, validation accuracy {share:.3f}")
    return share


@torch.no_grad()
def accuracy(model: torch.nn.Module, loader) -> float:
    model.eval()
    right = [model(batch["image"]).argmax(1) == batch["target"] for batch in loader]
    return torch.cat(right).float().mean().item()


if __name__ == "__main__":
    main()
