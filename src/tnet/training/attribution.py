"""Which pixels an answer is due to: integrated gradients, by captum.

Sundararajan, Taly and Yan, Axiomatic attribution for deep networks, 2017, https://arxiv.org/abs/1703.01365;
https://captum.ai/api/integrated_gradients.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..data.transforms.pipeline import Pipeline
from ..diagnostics import error
from .outputs import outputs_of

if TYPE_CHECKING:
    from .run import Run

STEPS = 50
"""Places on the way from black to the picture at which gradients are taken."""
AT_ONCE = 64
"""Samples and places that are passed through the net together."""


def attributions(
    model: nn.Module, run: Run, pipeline: Pipeline, samples: Sequence[Tensor], answers: Sequence[Mapping[str, Any]]
) -> list[Tensor]:
    """How much each pixel [N, H, W] of each input that is an image has added to the score of the class that is
    answered, or to the number that is, in going from a black picture to the samples, which are finished ones.

    Other inputs stay as they are. Raises SpecError (TN0703) where gradients do not reach the input, or the answer is
    neither a class nor a number.
    """
    images = [number for number, value in enumerate(samples) if value.ndim == 4 and value.is_floating_point()]
    if not images:
        inputs = ", ".join(f"`{each.name}: {each.type}`" for each in run.spec.data_recipe.inputs)
        raise error("TN0703", f"the answer is attributed to pictures of floats, and the net takes {inputs}")
    targets = [answer.get("index") for answer in answers]
    if any(
        target is None and len(_flat(answer["output"])) != 1 for target, answer in zip(targets, answers, strict=True)
    ):
        raise error("TN0703", "only a class or a single number is attributed to the input, and the net gives neither")
    found = [
        _of_one(model, pipeline, [value[number : number + 1] for value in samples], images, target)
        for number, target in enumerate(targets)
    ]
    return [torch.cat(each) for each in zip(*found, strict=True)]


def _of_one(
    model: nn.Module, pipeline: Pipeline, sample: Sequence[Tensor], images: Sequence[int], target: int | None
) -> list[Tensor]:
    """Of one sample, [1, H, W] for each of its inputs that are `images`."""
    from captum.attr import IntegratedGradients

    def score(*pictures: Tensor) -> Tensor:
        inputs = [value.expand(len(pictures[0]), *value.shape[1:]) for value in sample]
        for number, value in zip(images, pictures, strict=True):
            inputs[number] = value
        output = outputs_of(model(*inputs))[0].float()
        return output if target is not None else output.flatten()

    given = tuple(sample[number] for number in images)
    black = tuple(_black(pipeline, value) for value in given)
    result = IntegratedGradients(score).attribute(
        given, black, target, n_steps=STEPS, internal_batch_size=AT_ONCE
    )  # fmt: skip
    return [value.detach().sum(1).cpu() for value in result]


def _black(pipeline: Pipeline, images: Tensor) -> Tensor:
    """A black picture after `transform`."""
    black = torch.zeros_like(images).cpu()
    for each in pipeline.last:
        if each.transform.name == "Normalize":
            mean, std = (torch.tensor(value)[:, None, None] for value in (each.module.mean, each.module.std))
            black = (black - mean) / std
    return black.to(images)


def _flat(output: Any) -> list[float]:
    return [number for each in output for number in _flat(each)] if isinstance(output, list) else [output]
