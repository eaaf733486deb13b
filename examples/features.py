"""Features of a net: what its stages give for a batch of images.

python examples/features.py
"""

from pathlib import Path

import torch

import tnet

SPECS = Path(__file__).parent.parent / "specs"


def main(depth: int = 18, size: int = 64) -> dict[str, torch.Tensor]:
    """The output of each stage of a ResNet, by the stage's name."""
    spec = tnet.load(SPECS / "resnet.tnet", depth=depth)
    model = spec.model().eval()
    features: dict[str, torch.Tensor] = {}

    def keep(name: str):
        return lambda module, inputs, output: features.update({name: output})

    for name, stage in spec.select(model, "layer?").modules.items():
        stage.register_forward_hook(keep(name))
    with torch.no_grad():
        model(torch.randn(2, 3, size, size))
    for name, value in features.items():
        print(f"{name}: {list(value.shape)}")
    return features


if __name__ == "__main__":
    main()
