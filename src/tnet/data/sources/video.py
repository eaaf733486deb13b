"""`Video("dir", segments=8)`: one frame of each of so many equal segments, at random in training, else the middle one.

Source: Wang et al., Temporal segment networks, 2016, section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...diagnostics import error
from .. import streams
from ..items import Items
from .base import Request, source
from .folders import by_name

ENDINGS = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg")


@dataclass(frozen=True)
class VideoFacts:
    """Size in pixels, number of frames, frames a second, and the time stamp of each frame in the stream's own units."""

    width: int
    height: int
    rate: float
    stamps: tuple[int, ...]

    @property
    def frames(self) -> int:
        return len(self.stamps)


class Videos(Items):
    """Samples of frames, uint8 of shape [segments, 3, H, W], with the class of the folder that each file lies in."""

    draws = True

    def __init__(
        self,
        request: Request,
        files: Sequence[str],
        segments: int,
        labels: Tensor | None = None,
        classes: Sequence[str] | None = None,
    ):
        self.segments = segments
        super().__init__(files, request.fields, labels, classes, request.span, files, request.name)

    def facts(self, index: int) -> VideoFacts:
        """Raises SpecError (TN0702)."""
        try:
            return facts_of(self.dataset[index])
        except Exception as problem:
            raise self._unreadable(index, problem) from problem

    def fetch(self, index: int, stream: int | None) -> tuple[Any, ...]:
        """What is drawn comes from the stream; None takes the middle of each segment. Raises SpecError (TN0702)."""
        from torchvision import tv_tensors

        draws = None
        if stream is not None:
            draws = streams.uniform(streams.key(stream, "frames"), np.array([index]), self.segments)[0]
        count = self.facts(index).frames
        try:
            frames = decoded(self.dataset[index], frame_numbers(count, self.segments, draws))
        except Exception as problem:
            raise self._unreadable(index, problem) from problem
        video = tv_tensors.Video(torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous())
        return (video,) if self.known_labels is None else (video, int(self.known_labels[index]))

    def _unreadable(self, index: int, problem: Exception):
        reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
        return error("TN0702", f"sample {self.called(index)} cannot be read: {reason}", self.span)


def frame_numbers(count: int, segments: int, draws: np.ndarray | None) -> list[int]:
    """A frame of each segment, ascending; `draws` are in [0, 1), None takes the middle. Short videos repeat frames."""
    edges = [segment * count // segments for segment in range(segments + 1)]
    found = []
    for segment, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
        length = max(high - low, 1)
        step = (length - 1) // 2 if draws is None else int(draws[segment] * length)
        found.append(min(low + step, count - 1))
    return found


@lru_cache(maxsize=4096)
def facts_of(path: str) -> VideoFacts:
    """What a file says of itself, without decoding it. Raises what PyAV raises, ValueError for no frames."""
    import av

    with av.open(path) as container:
        if not container.streams.video:
            raise ValueError("it has no video")
        stream = container.streams.video[0]
        stamps = tuple(sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None))
        if not stamps:
            raise ValueError("it has no frames")
        return VideoFacts(stream.width, stream.height, float(stream.average_rate or 0), stamps)


def decoded(path: str, numbers: Sequence[int]) -> np.ndarray:
    """Frames by number, uint8 of shape [frames, H, W, 3]."""
    import av

    stamps = facts_of(path).stamps
    found: dict[int, np.ndarray] = {}
    with av.open(path) as container:
        stream = container.streams.video[0]
        for number in dict.fromkeys(numbers):
            container.seek(stamps[number], stream=stream)  # to the key frame before
            frames = container.decode(stream)
            found[number] = next(f for f in frames if f.pts is not None and f.pts >= stamps[number]).to_ndarray(
                format="rgb24"
            )
    return np.stack([found[number] for number in numbers])


def _check(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    return ("segments", "`segments` of `Video` must be at least 1") if arguments.get("segments", 1) < 1 else None


@source("Video", _check)
def read(request: Request, path: Path, segments: int = 8) -> Videos:
    """The videos of a folder. Where all lie in folders of it, these are the classes; else there is no target.

    Raises SpecError (TN0702) without PyAV, without videos and for a class without any.
    """
    try:
        import av  # noqa: F401
    except ImportError as problem:
        raise request.unreadable("videos need PyAV", "pip install 'tnet[video]'") from problem
    found = sorted(each for each in path.rglob("*") if each.suffix.lower() in ENDINGS and each.is_file())
    if not found:
        raise request.unreadable(f"`{path.name}` has no videos", f"these are files with {', '.join(ENDINGS)}")
    files = [str(each) for each in found]
    request.stay_inside(files, "path")
    folders = [each.relative_to(path).parts[0] if each.parent != path else None for each in found]
    if None in folders:
        return Videos(request, files, segments)
    empty = sorted({each.name for each in path.iterdir() if each.is_dir()} - set(folders))
    if empty:
        raise request.unreadable(f"the class `{empty[0]}` of `{path.name}` has no videos")
    numbers, classes = by_name(folders)
    return Videos(request, files, segments, torch.tensor(numbers), classes)
