"""PyTorch's reasons in the spec's words: one line, with the spec's names for symbolic sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..ir import text as written

NOISE = (
    re.compile(r"^RuntimeError when making fake tensor call\s*"),
    re.compile(r"^Failed running .*?:\s*", re.DOTALL),
    re.compile(r"\s*\(_subclasses.*$", re.DOTALL),
    re.compile(r"\nThe above operation failed.*$", re.DOTALL),
    re.compile(r"^\w+(?:\(\))?: (?=[A-Za-z])"),
    re.compile(r"^Error while processing .*\n\s*", re.DOTALL),  # einops says why in its last line
)
TYPES = ((re.compile(r"torch\.Size\((\[.*?\])\)"), r"\1"), (re.compile(r"\btorch\.(?=[a-z]+\d|bool)"), ""),
         (re.compile(r"\bFakeTensor\b"), "Tensor"))  # fmt: skip


def _also_needed(listed: str) -> str:
    """`it also needs `key` and `value``"""
    return f"it also needs {re.sub(QUOTED, lambda name: f'`{name[1]}`', listed)}"


QUOTED = r"""['"](\w+)['"]"""
RANKS = {"2D": "2", "3D": "3", "4D": "4", "5D": "5"}

WORDS = [
    (r"Given input size: \((.*?)\)\. Calculated output size: \(.*?\)\. Output size is too small",
     r"a sample of \1 is too small: nothing would be left of it"),
    (r"Calculated padded input size per channel: \((.*?)\)\. Kernel size: \((.*?)\)\. Kernel size can't be.*",
     r"the kernel of \2 is larger than the padded input of \1"),
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (\d+)\], but got (-?\d+)\)",
     r"there is no dim \3, dims go from 0 to \2 (from the end: -1 to \1)"),
    (r"shape '(\[.*?\])' is invalid for input of size (.*)", r"`\1` does not hold \2 values"),
    (r"Split sizes add up to (.*?) but got the tensor's size of (.*)", r"the parts add up to \1, the dim has \2"),
    (r"split_with_sizes expects split_sizes to sum exactly to (\S+) .*", r"the parts do not add up to \1"),
    (r"Attempting to permute a tensor of rank (\d+), but received a permutation of length (\d+)!",
     r"it has \1 dims, \2 are named"),
    (r"permute.*number of dimensions in the tensor input.*input\.dim\(\) = (\d+).*len\(dims\) = (\d+)",
     r"it has \1 dims, \2 are named"),
    (r"(?:expand: )?attempting to expand a dimension of length (\S+) -> (\S+)!",
     r"a dim of \1 cannot become \2, only one of 1 can"),
    (r"a and b must have same reduction dim, but got (\[.*?\]) X (\[.*?\])",
     r"a matrix `\1` cannot be multiplied by one of `\2`: the sizes next to each other differ"),
    (r"Expected tensor for argument #1 'indices' to have .*; but got (\w+) instead.*",
     r"it looks things up by whole numbers, but its input is \1"),
    (r"Expected input to be (\d)D or (\d)D, got (\d)D instead.*", r"it takes \1 or \2 dims, the input has \3"),
    (r"[Ee]xpected (\d)D or (\d)D input \(got (\d)D input\).*", r"it takes \1 or \2 dims, the input has \3"),
    (r"[Ee]xpected (\d)D input \(got (\d)D input\).*", r"it takes \1 dims, the input has \2"),
    (r"Expected (\d)D \(unbatched\) or (\d)D \(batched\) input.* but got input of size: (\[.*\])",
     r"it takes \2 dims, or \1 without a batch, the input is `\3`"),
    (r"stack expects each tensor to be equal size, but got (\[.*?\]) at entry 0 and (\[.*?\]) at entry \d+",
     r"all must have one shape, `\1` and `\2` differ"),
    (r"the number of subscripts in the equation \((\d+)\) does not match the number of dimensions \((\d+)\)"
     r" for operand (\d+).*", r"operand \3 has \2 dims, the equation names \1"),
    (r"Expected hidden size \((.*?)\), got \[(.*?)\]", r"the hidden state should be `[\1]`, it is `[\2]`"),
    (r"Invalid input shape for pixel_shuffle: (\[.*?\]) with upscale_factor = (\d+)",
     r"the channels of `\1` do not divide by \2 ** 2"),
    (r"Input and output must have the same number of spatial dimensions, but got input with spatial dimensions of"
     r" (\[.*?\]) and output size of (\[.*?\]).*", r"the spatial sizes are `\1`, so `\2` has too few or too many"),
    (r"batch(\d) must be a 3D tensor", r"both must have 3 dims, number \1 has not"),
    (r"Expected input batch_size \((.*?)\) to match target batch_size \((.*?)\)",
     r"the input has \1 samples, the target \2"),
    (r"(?:[\w.]+\(\) )?missing \d+ required positional arguments?: (.*)", lambda found: _also_needed(found[1])),
    (r"index (-?\d+) is out of bounds for dimension (\d+) with size (\S+)", r"dim \2 has \3 entries, there is no \1"),
]  # fmt: skip
REWORDED = [(re.compile(pattern), words) for pattern, words in WORDS]


_SET = re.compile(r"\{('[^'{}]+'(?:, '[^'{}]+')*)\}")


def with_sets_in_order(text: str) -> str:
    """A message in which Python's sets, whose order differs from run to run, are lists in alphabetical order."""
    return _SET.sub(lambda found: ", ".join(f'"{each[1:-1]}"' for each in sorted(found[1].split(", "))), text)


def bare(error: Exception) -> str:
    """The first sentence of an exception of PyTorch."""
    text = str(error).strip() or type(error).__name__
    for noise in NOISE:
        text = noise.sub("", text)
    for pattern, instead in TYPES:
        text = pattern.sub(instead, text)
    text = with_sets_in_order(text.split("\n")[0].strip().rstrip("."))
    return text.removesuffix(")") if text.count(")") > text.count("(") else text


def reason(text: str, sizes: Mapping[str, Any]) -> tuple[str, bool]:
    """A first sentence in the spec's words, and whether these are known; `sizes` maps the run's names to the spec's."""
    for pattern, words in REWORDED:
        if pattern.fullmatch(text):
            return in_sizes(pattern.sub(words, text), sizes), True
    lowered = text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
    return in_sizes(lowered, sizes), False


def in_sizes(text: str, sizes: Mapping[str, Any]) -> str:
    """The text with the spec's sizes for the run's symbols, also in products such as `24*d0`."""
    spaced = re.sub(r"(?<=\w)\*(?=\w)", " * ", text)
    return re.sub(r"\b[ds]\d+\b", lambda found: written.size(sizes.get(found[0], found[0])), spaced)
