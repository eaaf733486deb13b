"""Schedules of specs and of torch, and the rates they give."""

from __future__ import annotations

import torch
from torch import optim

from tnet.elaborate import elaborate
from tnet.source import Source
from tnet.syntax import parse
from tnet.training import schedules

STEPS_PER_EPOCH, STEPS = 10, 60


def chosen(text, per=None):
    program, diagnostics = elaborate(parse(Source("spec.tnet", f"train {{ schedule = {text} }}")))
    assert not diagnostics, diagnostics
    setting = program.recipes[None].settings["schedule"]
    return schedules.choose(setting.value, setting.value_span, per)


def optimizer_of(*rates, cls=optim.SGD, own=0.1, **options):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates or (own,)]
    return cls(groups, lr=own, **options)


def rates_of(optimizer, scheduler, steps=STEPS, every=1):
    """The rates of the first group, and its momentum, at each step."""
    found = []
    for step in range(steps):
        group = optimizer.param_groups[0]
        found.append((group["lr"], group.get("momentum"), group.get("betas")))
        optimizer.step()
        if (step + 1) % every == 0:
            scheduler.step()
    return found
