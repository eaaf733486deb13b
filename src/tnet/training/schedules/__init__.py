"""Learning rates over time: the setting `schedule`, and the property of that name.

A schedule is stages joined in time, a stage the product of one or more classes of torch.optim.lr_scheduler. Each runs
on a group's own rate, from the stage's own start.
"""

from __future__ import annotations

from .choice import ScheduleChoice, choose
from .running import Scheduler

__all__ = ["ScheduleChoice", "Scheduler", "choose"]
