"""Pictures on a run's page: samples, kernels and feature maps, from what `seeing` has kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..html import table, words
from ..pixels import PALETTE, colour_of

SIDE = 112
"""The longer side of a sample's picture on the page, about."""
MOST_MAPS, MOST_COLOURS = 12, len(PALETTE) + 1
"""Samples whose maps are shown, and classes whose colours are told."""
WIDEST = 560
"""The width of a picture of kernels or feature maps, at most."""


def image(picture: Mapping[str, Any], side: int = SIDE, alt: str = "") -> str:
    """A picture, enlarged by a whole number or made smaller."""
    width, height = (int(each) for each in picture["size"])
    longer = max(width, height)
    scale = side // longer if longer <= side else side / longer
    size = f'width="{max(1, round(width * scale))}" height="{max(1, round(height * scale))}"'
    return f'<img alt="{words(alt)}" {size} src="data:image/png;base64,{words(picture["png"])}">'


def mistakes(samples: Sequence[Mapping[str, Any]], classes: Sequence[str] = ()) -> Iterator[str]:
    """Each sample with what it is and what it was taken for; those that are no pictures as a table. Where pixels have
    classes, with the true map and the predicted one."""
    if any(sample.get("maps") for sample in samples):
        yield from _maps(samples, classes)
        return
    if any(sample["pictures"] for sample in samples):
        yield '<div class="pictures">'
        yield from (_mistake(sample) for sample in samples)
        yield "</div>"
        return
    fields = list(samples[0]["values"])
    titles = ["sample", "target", "predicted", *_second(samples), "loss", *fields]
    rows = [
        [sample["number"], sample["target"], sample["predicted"], *([_share(sample)] if _second(samples) else []),
         f"{sample['loss']:.4g}", *(", ".join(f"{each:.4g}" for each in sample["values"][name]) for name in fields)]
        for sample in samples
    ]  # fmt: skip
    yield table(titles, rows, ["target", "predicted", *fields])


def _second(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    return ["probability"] if samples[0]["probability"] is not None else []


def _share(sample: Mapping[str, Any]) -> str:
    return f"{sample['probability']:.3f}"


def _mistake(sample: Mapping[str, Any]) -> str:
    shown = "".join(image(each, alt=f"sample {sample['number']}") for each in sample["pictures"])
    sure = f" ({_share(sample)})" if sample["probability"] is not None else ""
    caption = f'<b>{words(sample["target"])}</b>, taken for <b class="wrong">{words(sample["predicted"])}</b>{sure}'
    return f"<figure>{shown}<figcaption>{caption}<br>{words(_called(sample))}</figcaption></figure>"


def _maps(samples: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> Iterator[str]:
    shown = [f'<span><i style="background: rgb{colour_of(number)}"></i>{words(name)}</span>'
             for number, name in enumerate(classes[:MOST_COLOURS])]  # fmt: skip
    yield f'<p class="colours">{"".join(shown)}</p><div class="pictures maps">'
    for sample in samples[:MOST_MAPS]:
        pictures = [*sample["pictures"], *sample["maps"]]
        titles = [*("the input" for _ in sample["pictures"]), "the true classes", "those predicted"]
        drawn = "".join(image(each, alt=title) for each, title in zip(pictures, titles, strict=True))
        caption = f'<b class="wrong">{words(sample["predicted"])}</b> of {words(sample["target"])} pixels are wrong'
        yield f"<figure>{drawn}<figcaption>{caption}<br>{words(_called(sample))}</figcaption></figure>"
    yield "</div>"


def _called(sample: Mapping[str, Any]) -> str:
    return PurePath(sample["path"]).name if sample["path"] else f"sample {sample['number']}"


def made(seen: Mapping[str, Any]) -> Iterator[str]:
    """A row of pictures for each input and each output that is one."""
    if not seen.get("made"):
        return
    rows = [(f"input {number + 1}" if len(seen["given"]) > 1 else "input", pictures)
            for number, pictures in enumerate(seen.get("given", ()))]  # fmt: skip
    for name, pictures in [*rows, *((each["name"], each["pictures"]) for each in seen["made"])]:
        shown = "".join(image(each, 84, f"{name} {number + 1}") for number, each in enumerate(pictures))
        yield f"<h3>{words(name)}</h3><figure>{shown}</figure>"


def kernels(found: Mapping[str, Any]) -> Iterator[str]:
    first = f"the first {found['number']} of {found['total']}" if found["number"] < found["total"] else found["total"]
    channel = ", their first channel" if found["channels"] not in (1, 3) else ""
    text = f"{first} kernels of {found['path']}{channel}; grey is zero"
    yield f"<figure>{image(found, WIDEST, text)}<figcaption>{words(text)}</figcaption></figure>"


def features(found: Sequence[Mapping[str, Any]], given: Sequence[str]) -> Iterator[str]:
    if given:
        yield f"<figure>{''.join(given)}<figcaption>the sample</figcaption></figure>"
    yield '<div class="figures">'
    for each in found:
        sizes = " × ".join(map(str, [each["channels"], *each["maps"]]))
        first = f", the first {each['number']}" if each["number"] < each["channels"] else ""
        text = f"{each['path']} ({each['kind']}), {sizes}{first}"
        picture = image(each, WIDEST // 2, text)
        yield f"<figure>{picture}<figcaption>{words(text)}</figcaption></figure>"
    yield "</div>"
