"""Deep nets compile each distinct block once: the blocks that a net repeats are regions of the one graph.

https://docs.pytorch.org/docs/stable/generated/torch.compiler.nested_compile_region.html
"""

from __future__ import annotations

import warnings
from collections import Counter

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

COPIES = 6
"""Copies of a block, alike in the sizes of their parameters, from which compiling it once pays."""
VARIANTS = 8
"""Kinds of copies up to which torch tells regions of one function apart."""
NOISE = "invoke_subgraph traced multiple backward graphs"
"""What torch warns of where the first block's gradient has another layout: one more compilation."""


class Regions:
    """While marked, the classes of a model's repeated blocks are compiled apart from what is around them."""

    def __init__(self, model: nn.Module):
        self.classes = repeated_blocks(model)
        self.marked = False
        self._own = {cls: cls.__dict__.get("forward") for cls in self.classes}

    def mark(self) -> None:
        self.marked = bool(self.classes)
        for cls in self.classes:
            cls.forward = torch.compiler.nested_compile_region(cls.forward)
        if self.marked:
            warnings.filterwarnings("ignore", message=NOISE)

    def unmark(self) -> None:
        """Give the classes back as they were."""
        for cls, own in self._own.items() if self.marked else ():
            if own is None:
                del cls.forward
            else:
                cls.forward = own
        self.marked = False


def repeated_blocks(model: nn.Module) -> list[type[nn.Module]]:
    """The outermost classes with layers of their own that the model has `COPIES` alike of; none that changes buffers
    while it trains, which a region cannot.
    """
    found: list[type[nn.Module]] = []
    kinds: dict[type[nn.Module], Counter] = {}
    for module in model.modules():
        if _is_block(module):
            kinds.setdefault(type(module), Counter())[_sizes(module)] += 1
    repeated = {cls for cls, each in kinds.items() if max(each.values()) >= COPIES and len(each) <= VARIANTS}
    level = [model]
    while level:
        found += [cls for cls in {type(each) for each in level} if cls in repeated and cls not in found]
        level = [child for each in level if type(each) not in found for child in each.children()]
    return found


def _sizes(module: nn.Module) -> tuple[tuple[str, torch.Size], ...]:
    return tuple((name, parameter.shape) for name, parameter in module.named_parameters())


def _is_block(module: nn.Module) -> bool:
    """Whether it holds several layers, none of which keeps statistics."""
    if isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)):
        return False
    inner = list(module.modules())
    layers = sum(any(True for _ in each.parameters(recurse=False)) for each in inner[1:])
    return layers > 1 and not any(isinstance(each, _NormBase) and each.track_running_stats for each in inner)
