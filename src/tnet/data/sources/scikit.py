"""`Digits() Iris() Wine() BreastCancer() Diabetes()`: the data sets that scikit-learn ships."""

from __future__ import annotations

from functools import partial

import torch

from ..samples import Memory
from .base import Request, source

LOADERS = {
    "Digits": "load_digits",
    "Iris": "load_iris",
    "Wine": "load_wine",
    "BreastCancer": "load_breast_cancer",
    "Diabetes": "load_diabetes",
}
UNITS = {"Digits": 16.0}
"""What 1.0 of a float image is in a source's own numbers: the digits' pixels count ink from 0 to 16."""


def read(name: str, request: Request) -> Memory:
    """The whole data set: digits as float images [1, 8, 8] in [0, 1] (their 17 levels have no exact uint8), others as
    float32 features; classes as int64, Diabetes' target as float32.

    Source: https://scikit-learn.org/stable/datasets/toy_dataset.html
    """
    from sklearn import datasets

    bunch = getattr(datasets, LOADERS[name])()
    first = request.fields[0]
    whole = bunch.target.dtype.kind in "iu"
    target = torch.from_numpy(bunch.target).to(torch.int64 if whole else torch.float32)
    classes = [str(each) for each in bunch.target_names] if whole else None
    if name == "Digits":
        images = torch.from_numpy(bunch.images).float().div_(UNITS[name]).unsqueeze(1)
        return Memory({first: images, "target": target}, (first,), classes)
    return Memory({first: torch.from_numpy(bunch.data).float(), "target": target}, (), classes)


for _name in LOADERS:
    source(_name)(partial(read, _name))
