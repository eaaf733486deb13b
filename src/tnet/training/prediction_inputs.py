"""What `tnet predict` is given, as samples of the net's inputs: files, folders of pictures, arrays, maps of arrays."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.sources import new_rows
from ..data.sources.tensors import as_tensor, read_file
from ..diagnostics import error
from ..ir.graph import Value

TABLES = (".npy", ".npz", ".csv", ".safetensors", ".pt", ".pth")
ARRAYS = (".npy", ".csv")
"""Files of one field without its name."""


def named(inputs: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Each input with what it is called; a folder stands for the pictures in it. Raises SpecError (TN0702)."""
    for number, given in enumerate(inputs):
        if not isinstance(given, str | os.PathLike):
            yield f"input {number}", given
        elif Path(given).is_dir():
            yield from ((str(path), path) for path in _pictures(Path(given)))
        else:
            yield os.fspath(given), given


def _pictures(folder: Path) -> list[Path]:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    found = sorted(each for each in folder.iterdir() if each.suffix.lower() in IMG_EXTENSIONS)
    if not found:
        raise error("TN0702", f"`{folder}` is a folder without pictures", help="name files, or a folder of pictures")
    return found


class Reading:
    """Reads one input, called `name` in what is said of it, for a net that takes `inputs`; `encoding` is what the run
    has kept of how the columns of its table became these."""

    def __init__(self, inputs: Sequence[Value], name: str, encoding: Mapping[str, Any] | None = None):
        self.inputs, self.name, self.encoding = inputs, name, encoding
        self.shapes: dict[str, list[int]] = {}

    def __call__(self, given: Any) -> tuple[dict[str, Tensor], bool]:
        """Fields of samples, [N, …] each, and whether they are a picture, which may be of any size. Raises SpecError:
        TN0702 for what cannot be read, TN0703 for what the net does not take."""
        if isinstance(given, str | os.PathLike):
            path = Path(given)
            if not path.is_file():
                raise error("TN0702", f"no file `{path}`")
            if self.encoding and path.suffix.lower() in new_rows.ENDINGS and not _only_numbers(path):
                return self._samples(new_rows.read_rows(path, self.inputs, self.encoding)), False
            if path.suffix.lower() not in TABLES:
                return {self._only().name: self._picture(path)}, True
            given = _array(path) if path.suffix in ARRAYS else read_file(path, None)
        fields = {str(key): as_tensor(each) for key, each in given.items()} if isinstance(given, Mapping) else None
        if fields is None:
            fields = {self._only().name: as_tensor(given)}
        elif len(fields) == len(self.inputs) == 1:
            fields = dict(zip([self.inputs[0].name], fields.values(), strict=True))
        return self._samples(fields), False

    def _only(self) -> Value:
        if len(self.inputs) != 1:
            names = ", ".join(f"`{each.name}`" for each in self.inputs)
            advice = "give them together, by name, in an .npz or .safetensors file"
            raise error("TN0703", f"the net takes {names}; `{self.name}` is one of them at most", help=advice)
        return self.inputs[0]

    def _samples(self, fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
        for wanted in self.inputs:
            if wanted.name not in fields:
                has = ", ".join(f"`{each}`" for each in fields) or "nothing"
                raise error("TN0703", f"`{self.name}` has no `{wanted.name}`: it has {has}")
        found = {wanted.name: self._as_samples(fields[wanted.name], wanted) for wanted in self.inputs}
        if len(counts := {len(each) for each in found.values()}) > 1:
            raise error("TN0703", f"the fields of `{self.name}` differ in their number of samples: {sorted(counts)}")
        if counts == {0}:
            raise error("TN0702", f"`{self.name}` has no samples")
        return found

    def _as_samples(self, tensor: Tensor, wanted: Value) -> Tensor:
        """A sample or several as [N, …]; an image without its channel gets one."""
        self.shapes[wanted.name] = list(tensor.shape)
        dims = wanted.type.dims
        if len(dims) == 4 and dims[1] == 1 and not fits(tensor, wanted) and tensor.ndim in (2, 3):
            tensor = tensor.unsqueeze(-3)
        if tensor.ndim == len(dims) - 1:
            tensor = tensor.unsqueeze(0)
        if tensor.ndim != len(dims):
            raise self._misfit(wanted)
        return tensor

    def check(self, wanted: Value, made: Tensor, prepared: bool) -> None:
        """Raises SpecError (TN0703) where a field, `made` as evaluation makes it, is not what the net takes."""
        if not fits(made, wanted):
            raise self._misfit(wanted, f", and becomes {list(made.shape)}" if prepared else "")

    def _misfit(self, wanted: Value, more: str = ""):
        shape = self.shapes.get(wanted.name)
        has = f"has shape {shape}" if shape is not None else "does not fit"
        return error("TN0703", f"`{self.name}` {has}{more}; the net takes `{wanted.name}: {wanted.type}`")

    def _picture(self, path: Path) -> Tensor:
        """A picture as uint8 [1, C, H, W], with the channels that the net takes."""
        import PIL.Image
        from torchvision.transforms.v2 import functional

        wanted = self.inputs[0]
        dims = wanted.type.dims
        modes = {1: "L", 3: "RGB", 4: "RGBA"}
        if len(dims) != 4 or (isinstance(dims[1], int) and dims[1] not in modes):
            raise error("TN0703", f"`{path}` is a picture, the net takes `{wanted.name}: {wanted.type}`")
        try:
            with PIL.Image.open(path) as picture:
                return functional.pil_to_tensor(picture.convert(modes.get(dims[1], "RGB")))[None]
        except (OSError, ValueError) as problem:
            raise error("TN0702", f"`{path}` cannot be read as a picture: {problem}") from problem


def fits(tensor: Tensor, wanted: Value) -> bool:
    """Whether a tensor's last sizes are those of an input."""
    sizes = wanted.type.dims[1:]
    ends = tensor.shape[len(tensor.shape) - len(sizes) :]
    return len(ends) == len(sizes) and all(not isinstance(s, int) or s == e for s, e in zip(sizes, ends, strict=True))


def _array(path: Path) -> Tensor:
    try:
        return as_tensor(np.load(path, allow_pickle=False)) if path.suffix == ".npy" else _csv(path)
    except (OSError, ValueError, EOFError) as problem:
        raise error("TN0702", f"`{path}` cannot be read: {problem}") from problem


def _csv(path: Path) -> Tensor:
    """Numbers, a sample a line; a first line that is none is skipped."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if lines and not all(map(_is_number, lines[0].split(","))):
        lines = lines[1:]
    if not lines:
        raise error("TN0702", f"`{path}` has no samples")
    return torch.from_numpy(np.loadtxt(lines, delimiter=",", ndmin=2))


def _only_numbers(path: Path) -> bool:
    """Whether the first line of a CSV file names no columns: its lines are then what the net takes."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        return path.suffix.lower() == ".csv" and all(map(_is_number, file.readline().split(",")))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
