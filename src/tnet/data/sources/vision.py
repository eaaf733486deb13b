"""Every class of `torchvision.datasets`, `ImageFolder` among them, with its own arguments."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import SpecError
from ...ir.values import Call
from ...parameters.arguments import lowered
from ..calls import signature
from ..items import Items, to_tensor
from ..pictures import Decoder
from ..samples import Memory
from .base import Request
from .downloads import confined

UNPICKLING = frozenset({"LSUN", "LSUNClass"})
"""Data sets that unpickle files which nothing vouches for. (CIFAR's are compared with a known hash first.)"""
CALLABLE = frozenset({"DatasetFolder"})
"""Data sets that cannot be had without a callable."""
PATHS = ("root", "annFile", "ann_file", "annotation_path")
"""Arguments that name a file or folder."""
LISTS = ("samples", "_samples", "imgs", "_image_files", "images", "_images", "_flat_breed_images")
"""Attributes in which data sets list the file of each sample, alone or first in a tuple."""
UNORDERED = {
    "Cityscapes": ("images", "targets"),
    "Kitti": ("images", "targets"),
    "SUN397": ("_image_files", "_labels"),
}
"""The lists of files, and of what goes with each, of data sets whose samples come as the system lists folders."""


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
    kept = [each.replace(kind=each.POSITIONAL_OR_KEYWORD) for each in required_first if not _is_hidden(each)]
    return inspect.Signature(kept)


def _is_hidden(parameter: inspect.Parameter) -> bool:
    variable = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    return variable or parameter.name.startswith("_") or wants_code(parameter)


def wants_code(parameter: inspect.Parameter) -> bool:
    """Whether an argument is a function, which a spec may not bring."""
    return "Callable" in str(parameter.annotation)


def refusal(call: Call) -> str | None:
    """Why a data set, or an argument of it, is refused; None where it is not."""
    if call.name in UNPICKLING:
        return f"`{call.name}` unpickles files, which could run code"
    if call.name in CALLABLE:
        return f"`{call.name}` needs a function that reads files, which a spec may not bring"
    for name in call.kwargs:
        parameter = signature(names()[call.name]).parameters.get(name)
        if parameter is not None and wants_code(parameter):
            return f"`{name}` of `{call.name}` is a function, which a spec may not bring"
    return None


def read(request: Request, arguments: Mapping[str, Any]) -> Memory | Items:
    """The data set: as tensors where it holds them, else sample by sample. Raises SpecError (TN0702)."""
    cls = names()[request.name]
    switch = {"download": False} if "download" in arguments_of(request.name).parameters else {}
    options = {**switch, **arguments}
    try:
        with confined(options):
            dataset = _wrapped(_in_order(_decoding(cls(**options))))
        length = len(dataset)
    except SpecError:
        raise
    except ImportError as problem:
        advice = "pip install 'tnet[coco]'" if problem.name == "pycocotools" else None
        raise request.unreadable(f"`{request.name}` needs a package: {lowered(str(problem))}", advice) from problem
    except Exception as problem:
        raise _failure(request, options, problem) from problem
    if not length:
        raise request.unreadable(f"`{request.name}` has no samples")
    labels, classes = listed_labels(dataset), _class_names(dataset)
    if labels is not None and _other_target(request.name, arguments):
        labels = classes = None  # those that it lists are of another
    images = _whole(dataset) if labels is not None and len(request.inputs) == 1 else None
    if images is not None:
        name = request.fields[0]
        return Memory({name: images, "target": labels}, (name,), classes)
    listed = _paths(dataset)
    request.stay_inside(listed or (), "root")
    paths = listed if listed and len(listed) == length else None
    return Items(dataset, request.fields, labels, classes, request.span, paths, request.name)


def _failure(request: Request, options: Mapping[str, Any], problem: Exception) -> SpecError:
    """What torchvision says, and how missing files can be had."""
    reason = (str(problem).strip() or type(problem).__name__).splitlines()[0].split(". ")[0]
    message = f"`{request.name}` cannot be read: {lowered(reason)}"
    if request.name == "ImageFolder":
        return request.unreadable(message, 'it has a folder for each class; without classes it is `Images("…")`')
    missing = isinstance(problem, OSError) or "found" in reason or "exist" in reason
    if not missing or "root" not in options:
        return request.unreadable(message)
    place = f"put its files into {options['root']}, as torchvision lays them out"
    can_fetch = options.get("download") is False
    return request.unreadable(message, f"write `download = true` to fetch it, or {place}" if can_fetch else place)


def _decoding(dataset: Any) -> Any:
    """The data set, with a faster decoder of the same pictures where it has torchvision's own."""
    from torchvision.datasets.folder import default_loader

    if getattr(dataset, "loader", None) is default_loader:
        dataset.loader = Decoder()
    return dataset


def _in_order(dataset: Any) -> Any:
    """The data set with its samples, and classes, by their names where it lists folders as the system does, in an order
    that differs from machine to machine."""
    kind = type(dataset).__name__
    if kind == "Omniglot":
        characters, drawn = dataset._characters, dataset._flat_character_images
        dataset._characters = sorted(characters)
        places = {name: number for number, name in enumerate(dataset._characters)}
        found = [(places[characters[number]], image) for image, number in drawn]
        dataset._flat_character_images = [(image, number) for number, image in sorted(found)]
    elif kind in UNORDERED:
        lists = [getattr(dataset, name) for name in UNORDERED[kind]]
        order = sorted(range(len(lists[0])), key=lambda index: str(lists[0][index]))
        for name, listed in zip(UNORDERED[kind], lists, strict=True):
            if listed:  # test parts have no targets
                setattr(dataset, name, [listed[index] for index in order])
    return dataset


def _wrapped(dataset: Any) -> Any:
    """The data set with masks and boxes as such, where torchvision knows which they are."""
    from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2

    try:
        wrapped = wrap_dataset_for_transforms_v2(dataset)
    except (TypeError, RuntimeError):  # it has no wrapper, or none for these arguments
        return dataset
    return WithEmpty(wrapped) if type(dataset) is CocoDetection else wrapped


class WithEmpty:
    """Pictures with boxes, of which torchvision gives those without any object neither boxes nor labels."""

    def __init__(self, dataset: Any):
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getattr__(self, name: str) -> Any:
        if name == "dataset":  # while a worker is given a copy
            raise AttributeError(name)
        return getattr(self.dataset, name)

    def __getitem__(self, index: int) -> tuple[Any, dict[str, Any]]:
        from torchvision.tv_tensors import BoundingBoxes

        picture, target = self.dataset[index]
        if "boxes" not in target:
            nothing = BoundingBoxes(torch.zeros(0, 4), format="XYXY", canvas_size=(picture.height, picture.width))
            target = {**target, "boxes": nothing, "labels": torch.zeros(0, dtype=torch.int64)}
        return picture, target


def listed_labels(dataset: Any) -> Tensor | None:
    """The classes of all samples, where the data set lists them."""
    for attribute in ("targets", "labels", "_labels"):
        listed = getattr(dataset, attribute, None)
        if listed is None or not hasattr(listed, "__len__") or len(listed) != len(dataset):
            continue
        array = np.asarray(listed)
        if array.ndim == 1 and array.dtype.kind in "iu":
            return torch.from_numpy(array).long()
    return None


def _class_names(dataset: Any) -> list[str] | None:
    """The names of the classes, which some data sets describe by more."""
    listed = getattr(dataset, "classes", None)
    return None if listed is None else [getattr(each, "name", each) for each in listed]


def _other_target(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether the spec asks for another target than the data set's usual one."""
    parameters = arguments_of(name).parameters
    kinds = [each for each in ("target_type", "target_types") if each in arguments]
    return any(arguments[each] not in (parameters[each].default, [parameters[each].default]) for each in kinds)


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
    """The files of the samples, where the data set lists them."""
    annotated = getattr(dataset, "coco", None)
    if annotated is not None:
        return [os.path.join(dataset.root, annotated.imgs[each]["file_name"]) for each in dataset.ids]
    for attribute in LISTS:
        listed = getattr(dataset, attribute, None)
        if isinstance(listed, Sequence) and listed and not isinstance(listed, str):
            firsts = [each[0] if isinstance(each, tuple | list) and each else each for each in listed]
            if all(isinstance(each, str | os.PathLike) for each in firsts):
                return [os.fspath(each) for each in firsts]
    return None
