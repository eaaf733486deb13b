"""Mean and standard deviation of each channel, for `Normalize(mean="auto", std="auto")`.

They come from the training part, as it is after `prepare` and the steps of `transform` before, and are kept in the
user's cache folder under a hash of all that they depend on.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ..diagnostics import SpecError, error
from .samples import Samples
from .transforms.own import OwnTransform
from .transforms.pipeline import Pipeline, Stage

CHUNK = 512


def fill(samples: Samples, indices: Tensor, prepare: Stage, last: Stage, dtypes: Mapping[str, torch.dtype]) -> Stage:
    """`last` with its "auto" arguments filled in. Raises SpecError (TN0702, TN0703) for data that cannot be read."""
    for number, transform in enumerate(last.transforms):
        if not transform.auto:
            continue
        before = replace(last, transforms=last.transforms[:number])
        pipeline = Pipeline(prepare, before, dtypes, samples.kinds, seed=0)
        found = _cached(_key(samples, indices, prepare, before), lambda run=pipeline: measure(samples, indices, run))
        if 0.0 in found["std"] and "std" in transform.auto:
            channel = found["std"].index(0.0)
            message = f"channel {channel} of the training samples has one value only, so its standard deviation is 0"
            raise error("TN0703", message, transform.span)
        chosen = {name: found[name] for name in sorted(transform.auto)}
        last = replace(last, statistics={**last.statistics, number: chosen})
    return last


def measure(samples: Samples, indices: Tensor, pipeline: Pipeline) -> dict[str, list[float]]:
    """Mean and (population) standard deviation by channel of the images, or of the first input, over all samples."""
    count, total, squares = 0, 0.0, 0.0
    for chunk in indices.split(CHUNK if samples.uniform else 1):
        try:
            fields = pipeline(samples.read(chunk), chunk, epoch=0)
        except SpecError:
            if not samples.tolerant:
                raise
            continue
        for values in _by_channel(fields, samples.images):
            count, total, squares = count + values.shape[1], total + values.sum(1), squares + values.square().sum(1)
    if not count:
        raise error("TN0702", "none of the samples can be read", samples.span)
    mean = total / count
    return {"mean": mean.tolist(), "std": (squares / count - mean.square()).clamp(min=0).sqrt().tolist()}


def _by_channel(fields: Mapping[str, Tensor], images: Sequence[str]) -> list[Tensor]:
    """The values of each channel of the images, or of each place of the first input, float64 of shape [channels, n]."""
    if images:
        return [fields[name].double().movedim(-3, 0).flatten(1) for name in images]
    return [next(iter(fields.values())).double().transpose(0, 1).flatten(1)]


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tnet" / "statistics"


def _key(samples: Samples, indices: Tensor, prepare: Stage, before: Stage) -> str | None:
    content = samples.content(indices)
    if content is None or any(isinstance(each, OwnTransform) for each in (*prepare.transforms, *before.transforms)):
        return None  # own code may change, and says nothing of it
    text = "\n".join(["1", content, *map(str, [*prepare.transforms, "|", *before.transforms, before.statistics])])
    return hashlib.sha256(text.encode()).hexdigest()


def _cached(key: str | None, compute: Callable[[], dict[str, list[float]]]) -> dict[str, list[float]]:
    """What the cache holds for the key, or what `compute` gives; a cache that cannot be used costs time only."""
    if key is None:
        return compute()
    file = cache_folder() / f"{key}.json"
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        found = compute()
    beside = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(found))
        os.replace(beside, file)
    except OSError:
        pass
    return found
