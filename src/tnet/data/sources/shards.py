"""`Shards("data/{{000..127}}.tar")`: samples in tar files, as WebDataset lays them out, read where they lie.

A sample is the files that follow each other under one name: `17.jpg`, `17.cls`. The headers are read once, which says
where each file lies; after that only what a batch needs is read, by any process, shard by shard. So an epoch has an
exact position, and the order does not depend on the number of workers.
Source: https://webdataset.github.io/webdataset/ (the format, and shuffling by a buffer).
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import SpecError, error
from .. import streams
from ..items import Items
from .base import Request, existing, source

RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


@dataclass(frozen=True)
class Entry:
    """A file in a shard: its ending, where its bytes begin and how many there are."""

    ending: str
    start: int
    size: int


def _picture(content: bytes) -> Any:
    import PIL.Image

    try:
        return PIL.Image.open(io.BytesIO(content)).convert("RGB")
    except PIL.UnidentifiedImageError as problem:  # whose text names the object in memory
        raise ValueError("it is no picture") from problem


DECODERS: dict[str, Callable[[bytes], Any]] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "ppm", "webp", "bmp"), _picture),
    **dict.fromkeys(("cls", "cls2", "index", "inx", "id"), int),
    "json": json.loads,
    "npy": lambda content: np.load(io.BytesIO(content), allow_pickle=False),
    **dict.fromkeys(("pt", "pth"), lambda content: torch.load(io.BytesIO(content), weights_only=True)),
}
"""What a file of an ending becomes. Endings that are not here (text, pickles) are nothing that a net takes."""


class Shards(Items):
    """Samples in shards: `entries` has the files of each, `owners` the number of its shard, int64."""

    def __init__(self, request: Request, files: Sequence[Path], samples: Mapping[str, Any], buffer: int, fields: dict):
        self.files, self.keys, self.entries, self.owners = files, samples["keys"], samples["entries"], samples["owners"]
        self.buffer, self.mapping = buffer, fields
        super().__init__(self.keys, request.fields, None, None, request.span, name=request.name)

    def called(self, index: int) -> str:
        return f"`{self.keys[index]}` of `{self.files[int(self.owners[index])].name}`"

    @cached_property
    def labels(self) -> Tensor | None:
        """The classes, from files that hold nothing else."""
        if not self.has_classes:
            return None
        return torch.tensor([self._class(index) for index in range(len(self))])

    def _class(self, index: int) -> int:
        for entry in self.entries[index]:
            if self._name(entry.ending) == "target" and DECODERS.get(entry.ending) is int:
                return self._decoded(index, entry, self._bytes(index, entry))
        return int(self._label(index))

    def order(self, indices: Tensor, stream: int) -> Tensor:
        """Shards in random order, the samples of each in theirs, through a buffer from which the next is drawn."""
        rank = streams.permutation(streams.key(stream, "shards"), len(self.files)).argsort()
        waiting = indices[rank[self.owners[indices]].argsort(stable=True)].tolist()
        draws = streams.uniform(streams.key(stream, "buffer"), np.arange(len(waiting)), 1)[:, 0].tolist()
        held, found = waiting[: self.buffer], []
        for draw, following in zip(draws, waiting[self.buffer :], strict=False):
            place = int(draw * len(held))
            found.append(held[place])
            held[place] = following
        rest = streams.permutation(streams.key(stream, "rest"), len(held)).tolist()
        return torch.tensor([*found, *(held[place] for place in rest)])

    def fetch(self, index: int, stream: int | None) -> dict[str, Any]:
        """Raises SpecError (TN0702)."""
        found: dict[str, Any] = {}
        for entry in self.entries[index]:
            name = self._name(entry.ending)
            if name is None and entry.ending != "json":
                continue
            value = self._decoded(index, entry, self._bytes(index, entry))
            found |= value if isinstance(value, dict) and name is None else {name or "json": value}
        return found

    def _name(self, ending: str) -> str | None:
        """The field that files of an ending hold; None for what a sample is not made of, and for maps of fields."""
        if ending in self.mapping:
            return self.mapping[ending]
        stem, _, last = ending.rpartition(".")
        if last not in DECODERS or last == "json" and not stem:
            return None
        return stem or ("target" if DECODERS[last] is int else self.inputs[0])

    def _decoded(self, index: int, entry: Entry, content: bytes) -> Any:
        decode = DECODERS.get(entry.ending.rpartition(".")[2])
        try:
            if decode is None:
                raise ValueError(f"`.{entry.ending}` is nothing that a net takes")
            return decode(content)
        except Exception as problem:
            reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
            raise error(
                "TN0702", f"`.{entry.ending}` of sample {self.called(index)} cannot be read: {reason}", self.span
            ) from problem

    def _bytes(self, index: int, entry: Entry) -> bytes:
        shard = int(self.owners[index])
        try:
            with open(self.files[shard], "rb") as file:  # of its own: a shared one's position would be too
                file.seek(entry.start)
                content = file.read(entry.size)
        except OSError as problem:
            raise error("TN0702", f"`{self.files[shard]}` cannot be read: {problem.strerror}", self.span) from problem
        if len(content) != entry.size:
            raise error("TN0702", f"`{self.files[shard].name}` is shorter than it was", self.span)
        return content

    def content(self, indices: Tensor) -> str:
        digest = hashlib.sha256(indices.numpy().tobytes())
        for file in self.files:
            status = os.stat(file)
            digest.update(f"{file} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()


def _check(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    if arguments.get("buffer", 1) < 1:
        return "buffer", "`buffer` of `Shards` must be at least 1"
    return None


@source("Shards", _check)
def read(request: Request, path: str | list, buffer: int = 1000, fields: Mapping | None = None) -> Shards:
    """The samples of tar files: one, a list, or `{{000..127}}` for a range of numbers. `buffer` samples are shuffled
    at a time; `fields` says for endings which field they are, else a picture is the net's input, `cls` the target,
    `NAME.ending` the field of that name, and the entries of a `json` map are fields.

    Raises SpecError: TN0702 for a shard that cannot be read, TN0304 for a path outside the project.
    """
    written = [path] if isinstance(path, str) else path
    place = request.spans.get("path", request.span)
    files = [existing(str(name), request.spec, place) for each in written for name in expanded(str(each))]
    keys: list[str] = []
    entries: list[list[Entry]] = []
    owners: list[int] = []
    for number, file in enumerate(files):
        for key, found in _samples(request, file):
            keys.append(key)
            entries.append(found)
            owners.append(number)
    if not keys:
        raise request.unreadable("the shards have no samples")
    held = {"keys": keys, "entries": entries, "owners": torch.tensor(owners)}
    return Shards(request, files, held, buffer, dict(fields or {}))


def expanded(pattern: str) -> list[str]:
    """`{000..002}.tar` as `000.tar`, `001.tar`, `002.tar`; several ranges vary the last first."""
    found = RANGE.search(pattern)
    if found is None:
        return [pattern]
    first, last = found.groups()
    numbers = [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    rest = expanded(pattern[found.end() :])
    return [f"{pattern[: found.start()]}{number}{end}" for number in numbers for end in rest]


def _samples(request: Request, file: Path) -> Iterator[tuple[str, list[Entry]]]:
    """The samples of a shard. Raises SpecError (TN0702) for one that is no plain tar file."""
    key, found = None, []
    try:
        with tarfile.open(file, "r:") as members:
            for member in members:
                folder, _, base = member.name.rpartition("/")
                stem, _, ending = base.partition(".")
                if not member.isfile() or not stem or not ending:
                    continue
                name = f"{folder}/{stem}" if folder else stem
                if name != key and found:
                    yield key, found
                    found = []
                key = name
                found.append(Entry(ending.lower(), member.offset_data, member.size))
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise _no_tar(request, file, problem) from problem
    if found:
        yield key, found


def _no_tar(request: Request, file: Path, problem: Exception) -> SpecError:
    advice = "shards are tar files without compression: what is in them is read where it lies"
    return request.unreadable(f"`{file.name}` cannot be read as a shard: {str(problem).splitlines()[0]}", advice)
