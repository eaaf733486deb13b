"""Times that do not fit: stages longer than the run, and times in a stage that its end cuts off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...diagnostics import Diagnostic, Note
from ...ir.values import Duration
from ...source import Span
from .stages import Factor, Stage


def misfit(stage: Stage, longer: bool, run: str) -> Diagnostic:
    """The stages up to this one are `longer` than a run of that length, or end before it does."""
    if longer:
        return Diagnostic("TN0803", "error", f"the schedule is longer than the run, which has {run}", stage.span)
    message = f"the schedule ends before the run, which has {run}"
    advice = f"leave out `for {stage.duration}`: the last stage takes what is left"
    return Diagnostic("TN0803", "error", message, stage.span, help=advice)


def length_of(total_steps: int, steps_per_epoch: int) -> str:
    """The length of a run in words."""
    return f"{Duration(total_steps, 'steps')} ({total_steps / steps_per_epoch:.4g} epochs)"


@dataclass(frozen=True)
class Length:
    """The length of a run in one unit, "epochs" or "steps"; times in the other cannot be compared with it."""

    unit: str
    value: float

    def objections(self, stages: Sequence[Stage]) -> Iterator[Diagnostic]:
        """An error for stages that do not end with the run, and for a time in a stage that the next stage cuts off; a
        lint for one that the end of the run cuts off, as a shorter run for a trial does."""
        spent, run = 0.0, str(Duration(self.value, self.unit))
        for stage in stages:
            own = self._of(stage.duration)
            spent += own or 0
            if spent > self.value:
                yield misfit(stage, True, run)
                return
            if own is not None:
                yield from self._cut_off(stage, own, "error", f"the stage lasts {stage.duration}", stage.span)
            elif stage.duration is None and all(self._of(each.duration) is not None for each in stages[:-1]):
                left = Duration(self.value - spent, self.unit)
                what = f"the run has {left}" if stage is stages[0] else f"{left} are left for the stage"
                yield from self._cut_off(stage, left.value, "warning", what, None)
        if stages and spent < self.value and all(self._of(each.duration) is not None for each in stages):
            yield misfit(stages[-1], False, run)

    def _of(self, duration: Duration | None) -> float | None:
        return duration.value if duration is not None and duration.unit == self.unit else None

    def _cut_off(self, stage: Stage, length: float, severity: str, what: str, at: Span | None) -> Iterator[Diagnostic]:
        for factor, name, time in _times(stage.factors):
            if time.unit == self.unit and time.value > length:
                notes = (Note("the stage", at),) if at and at != factor.span else ()
                message = f"`{name}` of `{factor.name}` reaches {time}, but {what}"
                yield Diagnostic("TN0803", severity, message, factor.spans.get(name) or factor.span, notes)


def _times(factors: Iterable[Factor]) -> Iterator[tuple[Factor, str, Duration]]:
    """The arguments that are durations, the longest of each."""
    for factor in factors:
        for name, times in factor.times.items():
            yield factor, name, max(times, key=lambda time: time.value)
