"""Frozen parameters whose norm layers still update.

`freeze` keeps parameters as they are. The running mean and variance of a batch norm are no parameters: they move with
every batch of training, so that the frozen part gives other values at the end than at its start, worse where batches
are small or the data differ.

Keep these layers in eval mode: `backbone :norm { eval = true }`. A part that is frozen for some epochs only is not
meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics import Diagnostic, Note, warning
from .context import Context
from .registry import lint

CODE = "TN1008"

WRONG = """\
net Classifier(image: float[N, 3, 64, 64]) -> float[N, 2] {
  backbone: models.resnet18(weights="IMAGENET1K_V1") { fc: Identity }
  head: Linear(2)
}

parameters {
  backbone { freeze = true }
}
"""

RIGHT = """\
net Classifier(image: float[N, 3, 64, 64]) -> float[N, 2] {
  backbone: models.resnet18(weights="IMAGENET1K_V1") { fc: Identity }
  head: Linear(2)
}

parameters {
  backbone       { freeze = true }
  backbone :norm { eval = true }
}
"""


@lint(CODE)
def check(context: Context) -> Iterator[Diagnostic]:
    for table in context.tables.values():
        still = set(table.switched("eval"))
        for path, site in table.matcher.sites.modules.items():
            module = getattr(site.node, "prototype", site.node)
            if path in still or getattr(module, "track_running_stats", False) is not True:
                continue
            entries = [table.entries.get(name, {}).get("freeze") for name in table.matcher.sites.parameters_in(path)]
            if entries and all(each and each.value is True for each in entries):
                entry = entries[0]
                yield warning(
                    CODE, f"`{path}` is frozen, its running statistics are not", entry.span,
                    Note("the norm is made here", site.span),
                    help=f"add the rule `{entry.rule.selectors[0]} :norm {{ eval = true }}`",
                )  # fmt: skip
                break
