"""`tnet predict`: a trained run on new inputs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..data.sources.tensors import as_tensor, read_file
from ..data.transforms.pipeline import Pipeline, Stage
from ..diagnostics import error
from ..ir.graph import Value
from .outputs import outputs_of
from .run import Run, load_run
from .world import single

if TYPE_CHECKING:
    from ..ir.program import Override

TABLES = (".npy", ".npz", ".csv", ".safetensors", ".pt", ".pth")


def predict(
    path: str | os.PathLike,
    inputs: Iterable[Any],
    device: str | None = None,
    changes: Sequence[Override] = (),
    allow: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """What a run says of each sample of `inputs`: files of images, `.npy .npz .csv .safetensors .pt` files of one or
    more samples, arrays or tensors.

    Each answer has `input` (the file, with the sample's number where it has several) and `output`, the net's first
    output as numbers; for a classifier also `class`, its name, `index` and `probability`. Images take the way of
    evaluation: the channels and size of the net's input, `prepare`, `transform`. `changes` are
    settings that are to differ from those of the run's training; `allow` names the Python code that its spec may
    `use`. Raises SpecError (TN0702, TN0703).
    """
    run = load_run(path, changes, allow)
    world = single(device or "auto")
    model = run.model.to(world.device)
    answers = []
    for number, given in enumerate(inputs):
        name = os.fspath(given) if isinstance(given, str | os.PathLike) else f"input {number}"
        samples = _prepared(run, *_read(run, given, name), name)
        with torch.inference_mode():
            output = outputs_of(model(samples.to(world.device)))[0].float().cpu()
        several = len(samples) > 1
        answers += [_answer(run, row, f"{name}[{i}]" if several else name) for i, row in enumerate(output)]
    return answers


def _answer(run: Run, row: Tensor, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"input": name, "output": row.tolist()}
    if run.spec.recipe.loss.class_numbers and row.ndim == 1:
        logs = "nll" in run.spec.recipe.loss.name.lower()
        shares = row.exp() if logs else row.softmax(0)
        index = int(shares.argmax())
        classes = run.about["data"]["classes"]
        label = classes[index] if classes and index < len(classes) else str(index)
        answer |= {"class": label, "index": index, "probability": float(shares[index])}
    return answer


def _only_input(run: Run) -> Value:
    inputs = run.spec.data_recipe.inputs
    if len(inputs) != 1:
        names = ", ".join(f"`{each.name}`" for each in inputs)
        raise error("TN0001", f"predicting with several inputs ({names}) is not done yet")
    return inputs[0]


def _read(run: Run, given: Any, name: str) -> tuple[Tensor, bool]:
    """Samples [N, …], and whether they come from a picture, which may be of any size."""
    wanted = _only_input(run)
    if not isinstance(given, str | os.PathLike):
        return _as_samples(as_tensor(given), wanted, name), False
    path = Path(given)
    if not path.is_file():
        raise error("TN0702", f"no file `{path}`")
    if path.suffix.lower() in TABLES:
        return _as_samples(_table(path, wanted.name), wanted, name), False
    return _image(path, wanted), True


def _table(path: Path, field: str) -> Tensor:
    try:
        if path.suffix == ".npy":
            return as_tensor(np.load(path, allow_pickle=False))
        if path.suffix == ".csv":
            return _csv(path)
    except (OSError, ValueError) as problem:
        raise error("TN0702", f"`{path}` cannot be read: {problem}") from problem
    tensors = read_file(path, None)
    if field in tensors or len(tensors) == 1:
        return tensors.get(field, next(iter(tensors.values())))
    raise error("TN0703", f"`{path}` has no `{field}`: it has {', '.join(f'`{each}`' for each in tensors)}")


def _csv(path: Path) -> Tensor:
    """Numbers, a sample a line; a first line that is none is skipped."""
    with open(path, encoding="utf-8") as file:
        first = file.readline().split(",")
    skip = int(not all(_is_number(cell) for cell in first))
    return torch.from_numpy(np.loadtxt(path, delimiter=",", skiprows=skip, ndmin=2))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _as_samples(tensor: Tensor, wanted: Value, name: str) -> Tensor:
    """A sample or several as [N, …]; an image without its channel gets one."""
    dims = len(wanted.type.dims)
    if dims == 4 and wanted.type.dims[1] == 1 and not _fits(tensor, wanted):
        tensor = tensor.unsqueeze(-3)
    if tensor.ndim == dims - 1:
        tensor = tensor.unsqueeze(0)
    if tensor.ndim != dims:
        raise error("TN0703", f"`{name}` has shape {list(tensor.shape)}, the net takes `{wanted.name}: {wanted.type}`")
    return tensor


def _fits(tensor: Tensor, wanted: Value) -> bool:
    sizes = wanted.type.dims[1:]
    ends = tensor.shape[-len(sizes) :]
    return len(ends) == len(sizes) and all(not isinstance(s, int) or s == e for s, e in zip(sizes, ends, strict=True))


def _image(path: Path, wanted: Value) -> Tensor:
    """A picture as uint8 [1, C, H, W], with the channels that the net takes."""
    import PIL.Image
    from torchvision.transforms.v2 import functional

    dims = wanted.type.dims
    modes = {1: "L", 3: "RGB", 4: "RGBA"}
    if len(dims) != 4 or (isinstance(dims[1], int) and dims[1] not in modes):
        raise error("TN0703", f"`{path}` is a picture, the net takes `{wanted.name}: {wanted.type}`")
    try:
        with PIL.Image.open(path) as picture:
            return functional.pil_to_tensor(picture.convert(modes.get(dims[1], "RGB")))[None]
    except (OSError, ValueError) as problem:
        raise error("TN0702", f"`{path}` cannot be read as a picture: {problem}") from problem


def _prepared(run: Run, samples: Tensor, picture: bool, name: str) -> Tensor:
    """Samples as evaluation makes them; a picture is brought to the net's size where `prepare` leaves another."""
    wanted, recipe = _only_input(run), run.spec.data_recipe
    dtypes = {wanted.name: getattr(torch, wanted.type.dtype)}
    last = Stage("transform", recipe.transform.transforms, run.about["data"]["statistics"])
    images = len(wanted.type.dims) == 4
    if images and samples.is_floating_point():
        samples = _in_unit(run, samples)
    pictures = [wanted.name] if images else []
    numbers = torch.arange(len(samples))
    first = Pipeline(recipe.prepare, Stage("none"), {}, pictures, seed=0)
    fields = {wanted.name: samples}
    for step in first.first:
        fields = step(fields, numbers.numpy(), 0, 0)
    fields = {wanted.name: _resized(fields[wanted.name], wanted.type.dims)} if picture else fields
    fields = Pipeline(Stage("none"), last, dtypes, pictures, seed=0)(fields, numbers, epoch=0)
    made = fields[wanted.name]
    if not _fits(made, wanted):
        raise error("TN0703", f"`{name}` becomes {list(made.shape)}, the net takes `{wanted.name}: {wanted.type}`")
    return made


def _in_unit(run: Run, samples: Tensor) -> Tensor:
    """Float images are in [0, 1], or in the numbers of the spec's source (0 to 16 for the digits of scikit-learn)."""
    from ..data.sources.scikit import UNITS

    samples = samples.float()
    source = run.spec.data_recipe.sources.get("train")
    unit = UNITS.get(source.name, 1.0) if source else 1.0
    most = float(samples.max()) if samples.numel() else 0.0
    if most > unit:
        raise error(
            "TN0703", f"float images are in [0, 1], these reach {most:g}", help="give uint8 images for 0 to 255"
        )
    return samples / unit if most > 1 else samples


def _resized(samples: Tensor, dims: Sequence[Any]) -> Tensor:
    from torchvision.transforms.v2 import functional

    size = list(dims[2:])
    if list(samples.shape[2:]) == size or not all(isinstance(each, int) for each in size):
        return samples
    return functional.resize(samples, size, antialias=True)
