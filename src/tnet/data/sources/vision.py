"""Every class of `torchvision.datasets`, `ImageFolder` among them. Nothing is downloaded."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import SpecError, error
from ...source import Span
from ..calls import signature
from ..samples import Items, Memory, to_tensor

UNPICKLING = frozenset({"LSUN", "LSUNClass"})
"""Data sets that unpickle files which nothing vouches for. (CIFAR's are compared with a known hash first.)"""


@cache
def names() -> Mapping[str, type]:
    from torchvision import datasets

    known = {name: getattr(datasets, name) for name in datasets.__all__}
    return {n: c for n, c in known.items() if inspect.isclass(c) and c is not datasets.VisionDataset}


@cache
def arguments_of(name: str) -> inspect.Signature:
    """The signature without what wants Python code and what is private; `**kwargs` stands for the base class's."""
    cls = names()[name]
    parameters = dict(signature(cls).parameters)
    if any(each.kind is each.VAR_KEYWORD for each in parameters.values()):
        parameters = dict(signature(cls.__mro__[1]).parameters) | parameters
    required_first = sorted(parameters.values(), key=lambda each: each.default is not each.empty)
    kept = [each.replace(kind=each.POSITIONAL_OR_KEYWORD) for each in required_first if _is_plain(each)]
    return inspect.Signature(kept)


def _is_plain(parameter: inspect.Parameter) -> bool:
    variable = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    return not variable and not parameter.name.startswith("_") and "Callable" not in str(parameter.annotation)


def read(name: str, arguments: Mapping[str, Any], fields: Sequence[str], span: Span | None) -> Memory | Items:
    """The data set: as tensors where it holds them, else sample by sample. Raises SpecError (TN0702)."""
    cls = names()[name]
    fixed = {"download": False} if "download" in signature(cls).parameters else {}
    try:
        dataset = cls(**arguments, **fixed)
        length = len(dataset)
    except SpecError:
        raise
    except Exception as problem:
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0].split(". ")[0]
        raise error("TN0702", f"`{name}` cannot be read: {reason}", span) from problem
    if not length:
        raise error("TN0702", f"`{name}` has no samples", span)
    labels, classes = listed_labels(dataset), getattr(dataset, "classes", None)
    images = _whole(dataset) if labels is not None and len(fields) == 2 else None
    if images is not None:
        return Memory({fields[0]: images, "target": labels}, (fields[0],), classes)
    return Items(dataset, tuple(fields), labels, classes, span, paths=_paths(dataset))


def listed_labels(dataset: Any) -> Tensor | None:
    """The classes of all samples, where the data set lists them."""
    for attribute in ("targets", "labels", "_labels"):
        listed = getattr(dataset, attribute, None)
        if listed is None or len(listed) != len(dataset):
            continue
        array = np.asarray(listed)
        if array.ndim == 1 and array.dtype.kind in "iu":
            return torch.from_numpy(array).long()
    return None


def _whole(dataset: Any) -> Tensor | None:
    """All images [samples, C, H, W] where the data set holds them as one array (`.data`), as three samples prove."""
    held = getattr(dataset, "data", None)
    if not isinstance(held, np.ndarray | Tensor) or len(held) != len(dataset) or held.ndim not in (3, 4):
        return None
    array = torch.as_tensor(held)
    layouts = [array.unsqueeze(1)] if array.ndim == 3 else [array.permute(0, 3, 1, 2), array]
    probes = {0, len(dataset) // 2, len(dataset) - 1}
    pictures = {index: to_tensor(dataset[index][0]) for index in probes}
    for images in layouts:
        if all(torch.equal(images[index], picture) for index, picture in pictures.items()):
            return images.contiguous()
    return None


def _paths(dataset: Any) -> list[str] | None:
    """The file of each sample, where the data set lists them."""
    listed = getattr(dataset, "samples", None)
    if isinstance(listed, list) and len(listed) == len(dataset) and isinstance(listed[0], tuple):
        return [os.fspath(entry[0]) for entry in listed]
    return None
