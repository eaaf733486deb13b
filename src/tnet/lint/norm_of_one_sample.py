"""A batch-norm layer trained with batches of one sample.

Batch normalisation takes mean and variance over the batch. Of one sample they say nothing of the data: each sample is
normalised by itself, and the running statistics used in evaluation are noise. Where a channel has a single value,
PyTorch refuses to train.

Take a larger `batch` (or fewer parts in `accumulate`, which computes a batch part by part), or a norm that does not
look at the batch: `GroupNorm`, `LayerNorm`.
Source: Wu and He, Group normalization, ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .kinds import BATCH_NORMS
from .registry import lint

CODE = "TN1007"

WRONG = """\
net Small(image: float[N, 3, 32, 32]) -> float[N, 8, 32, 32] {
  Conv2d(8, 3, padding=1, bias=false)
  BatchNorm2d
}

train {
  epochs    = 1
  batch     = 1
  loss      = MSELoss()
  optimizer = Adam(lr=1e-3)
}
"""

RIGHT = """\
net Small(image: float[N, 3, 32, 32]) -> float[N, 8, 32, 32] {
  Conv2d(8, 3, padding=1, bias=false)
  GroupNorm(4)
}

train {
  epochs    = 1
  batch     = 1
  loss      = MSELoss()
  optimizer = Adam(lr=1e-3)
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for training in context.trainings:
        recipe = training.recipe
        if recipe.batch // recipe.accumulate > 1:
            continue
        still, sites = set(training.table.switched("eval")), training.table.matcher.sites.modules
        norms = (each for path, each in sites.items() if path not in still and each.cls)
        norm = next((each for each in norms if each.cls.__name__ in BATCH_NORMS), None)
        if norm:
            whole = recipe.batch == 1
            message = f"`{norm.path}` is trained with one sample at a time"
            place = recipe.spans["batch" if whole else "accumulate"]
            help = f"take a larger `batch`{'' if whole else ' or smaller `accumulate`'}, or `GroupNorm`"
            yield warning(CODE, message, place, Note(f"`{norm.cls.__name__}` is here", norm.span), help=help)
