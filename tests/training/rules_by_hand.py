"""Twenty steps as one would write them by hand, to the data, streams and initial weights of a spec with rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from small_specs import spec
from torch import Tensor, nn
from trained_by_hand import PLAIN, Batch, plain_loss, with_settings

Hand = Callable[[nn.Module], None]


def with_rules(rules: str, *settings: str, text: str = PLAIN) -> str:
    return with_settings(*settings, text=text.replace("data {", f"parameters {{\n{rules}\n}}\n\ndata {{", 1))


def tensors(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def by_spec(text: str, path, steps: int = 20) -> dict[str, Tensor]:
    return tensors(spec(text, {"train.steps": steps}).train(out=path / "run").model)


def nothing(*given) -> None:
    pass


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def by_hand(
    text: str,
    optimizers: Callable[[nn.Module], Iterable[torch.optim.Optimizer] | torch.optim.Optimizer] = sgd,
    prepare: Hand = nothing,
    before_step: Callable[[nn.Module, int, list], None] = nothing,
    loss: Callable[[nn.Module, Batch, int], Tensor] = plain_loss,
    backward: Callable[[nn.Module, Batch, int], None] | None = None,
    before_update: Hand = nothing,
    after_update: Hand = nothing,
    steps: int = 20,
) -> dict[str, Tensor]:
    """`text` is a spec without the rule under test; `backward` stands in for that of `loss`."""
    source = spec(text)
    model = source.model()
    prepare(model)
    made = optimizers(model)
    made = [made] if isinstance(made, torch.optim.Optimizer) else list(made)
    data, step = source.data().train, 0
    while step < steps:
        for batch in data.epoch(step // len(data)):
            if step == steps:
                break
            before_step(model, step, made)
            model.zero_grad()
            if backward:
                backward(model, batch, step)
            else:
                loss(model, batch, step).backward()
            before_update(model)
            for each in made:
                each.step()
            after_update(model)
            step += 1
    return tensors(model)


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(value, right[name]) for name, value in left.items())
