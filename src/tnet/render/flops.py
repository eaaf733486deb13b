"""Multiply-adds: half of the floating-point operations that `torch.utils.flop_counter` counts.

Published counts of nets are multiply-adds (ResNet-50: 4.1 G); PyTorch's counter counts a multiplication and an addition
as two. The net runs on the meta device, so nothing is computed; operators without a formula there count nothing.
"""

from __future__ import annotations

from ..catalog.models import prototype
from ..codegen import generate, load
from ..ir.graph import Net
from .sizes import example_inputs, sizes


def multiply_adds(net: Net, source: str | None = None) -> dict[str, int] | None:
    """Multiply-adds of each module by its path ("" for the net) for one batch at `sizes(net)`.

    None where the net cannot run without data, as where a size depends on the values of a tensor, and where its depth
    is drawn at each pass.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    if net.random_repeats:
        return None
    cls = load(source or generate(net), net.name, f"<{net.name}>")
    model = prototype(cls).model
    inputs = example_inputs(net, "meta", sizes(net))
    counter = FlopCounterMode(display=False)
    try:
        # With gradients enabled attention takes its plain path; the fused one for inference has no formula.
        with torch.enable_grad(), counter:
            model(*inputs)
    except (NotImplementedError, RuntimeError):
        return None
    counts = {name: sum(each.values()) // 2 for name, each in counter.get_flop_counts().items()}
    root = f"{type(model).__name__}."
    below = {name.removeprefix(root): count for name, count in counts.items() if name.startswith(root)}
    return {"": counts.get("Global", 0), **below}
