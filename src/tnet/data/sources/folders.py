"""Pictures by their files: `ImageList("train.txt")`, lines of a path and a label; `Images("dir")`, without labels."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ..items import Items
from ..pictures import Decoder
from .base import Request, source

LINE = re.compile(r'\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>\S.*?))[\s,]+(?:"(?P<name>[^"]*)"|(?P<label>[^\s",]+))\s*')
"""A path, which may be quoted and hold blanks, and the label after its last blank or comma."""


@dataclass(frozen=True)
class Pictures:
    """A data set of picture files in RGB, with their labels where there are any."""

    paths: Sequence[str]
    labels: Sequence[int] | None = None
    loader: Decoder = field(default_factory=Decoder)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        picture = self.loader(self.paths[index])
        return (picture,) if self.labels is None else (picture, self.labels[index])


def numbered(names: Sequence[str], to_error: Callable[[str], Exception]) -> tuple[list[int], list[str] | None]:
    """Labels as class numbers: whole numbers as they are, all else in the order of the names, which are then the
    classes. Raises what `to_error` makes of a message for numbers below 0."""
    if all(re.fullmatch(r"[+-]?\d+", name) for name in names):
        numbers = [int(name) for name in names]
        if min(numbers) < 0:
            raise to_error(f"class {min(numbers)} is below 0")
        return numbers, None
    return by_name(names)


def by_name(names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Class numbers in the order of the names, and the classes."""
    classes = sorted(set(names))
    places = {name: number for number, name in enumerate(classes)}
    return [places[name] for name in names], classes


@source("ImageList")
def image_list(request: Request, path: Path) -> Items:
    """Paths are relative to the list. Labels that are all whole numbers are the classes' numbers, others their names.

    Raises SpecError: TN0702 for a line that is no path and label, or a file that is not there, with the line's number;
    TN0304 for a path outside the project.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise request.unreadable(f"`{path.name}` is no list of pictures: {problem}") from problem
    entries = [(number, _entry(request, path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]
    if not entries:
        raise request.unreadable(f"`{path.name}` has no lines")
    files = [os.path.normpath(path.parent / file) for _, (file, _) in entries]
    request.stay_inside(files, "path")
    for (number, (file, _)), found in zip(entries, files, strict=True):
        if not os.path.isfile(found):
            raise request.unreadable(f"line {number} of `{path.name}`: no file `{file}`", f"looked for {found}")
    labels, classes = numbered([label for _, (_, label) in entries], request.unreadable)
    return Items(Pictures(files, labels), request.fields, torch.tensor(labels), classes, request.span, files, path.name)


def _entry(request: Request, path: Path, number: int, line: str) -> tuple[str, str]:
    found = LINE.fullmatch(line)
    if found is None:
        message = f'line {number} of `{path.name}` is no path and label: "{line.strip()[:60]}"'
        raise request.unreadable(message, 'write `photos/1.png cat`, or `"photos/1.png" "tabby cat"`')
    return found["quoted"] or found["plain"], found["name"] or found["label"]


@source("Images")
def images(request: Request, path: Path) -> Items:
    """All pictures of a folder and the folders in it, in the order of their paths. Raises SpecError (TN0702)."""
    files = sorted(map(str, picture_files(path)))
    if not files:
        raise request.unreadable(f"`{path.name}` has no pictures")
    request.stay_inside(files, "path")
    return Items(Pictures(files), request.fields, None, None, request.span, files, path.name)


def picture_files(folder: Path) -> list[Path]:
    """The files of a folder, and of the folders in it, that are called as pictures are."""
    from torchvision.datasets.folder import IMG_EXTENSIONS

    return [each for each in folder.rglob("*") if each.suffix.lower() in IMG_EXTENSIONS and each.is_file()]
