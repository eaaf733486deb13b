"""Schedules that cannot be followed, each with its diagnostic."""

from __future__ import annotations

import pytest
from schedules_by_hand import STEPS_PER_EPOCH, chosen

from tnet.diagnostics import SpecError
from tnet.elaborate import elaborate
from tnet.parameters import choose as choose_optimizer
from tnet.source import Source
from tnet.syntax import parse
from tnet.training.schedules.catalog import schedule_classes


@pytest.mark.parametrize(
    ("text", "per", "fault"),
    [
        ("CosinAnnealingLR", None, "TN0802 [CosinAnnealingLR] `CosinAnnealingLR` is no schedule of "
         "torch.optim.lr_scheduler | did you mean `CosineAnnealingLR`?"),
        ("CosineAnnealingLR(10)", None, "TN0802 [10] `T_max` of `CosineAnnealingLR` is a duration, found 10 | "
         "write `10 epochs` or `10 steps`"),
        ("MultiStepLR([30, 60])", None, "TN0802 [[30, 60]] `milestones` of `MultiStepLR` is a list of durations, "
         "found [30, 60] | write `[30 epochs, 60 epochs]`"),
        ("StepLR", None, "TN0802 [StepLR] `StepLR` needs `step_size`"),
        ("StepLR(0 epochs)", None, "TN0802 [0 epochs] `0 epochs` is too short"),
        ("StepLR(1.5 steps)", None, "TN0802 [1.5 steps] `1.5 steps` is no whole number of steps"),
        ("StepLR(5 steps)", "epoch", "TN0803 [5 steps] a schedule that moves once an epoch cannot count `5 steps` | "
         "write whole epochs, or `schedule_per = \"step\"`"),
        ("ExponentialLR(0.9)", None, "TN0802 [ExponentialLR(0.9)] `ExponentialLR` names no time, so it needs "
         "`schedule_per` | write `schedule_per = \"epoch\"` or `schedule_per = \"step\"`"),
        ("LinearLR -> StepLR(1 epoch)", None, "TN0802 [LinearLR] a stage before the last needs a length | "
         "write `LinearLR for 5 epochs`"),
        ("LinearLR(start_factor=2)", None, "TN0802 [2] `LinearLR` rejects this: starting multiplicative factor "
         "expected to be greater than 0 and less or equal to 1"),
        ("ConstantLR(factor=0)", None, "TN0802 [0] `ConstantLR` rejects this: float division by zero"),
        ("OneCycleLR", None, "TN0802 [OneCycleLR] `OneCycleLR` needs `max_lr`"),
        ("OneCycleLR([0.1])", None, "TN0802 [[0.1]] `max_lr` of `OneCycleLR` is a number, found [0.1]"),
        ("OneCycleLR(0.1, epochs=3)", None, "TN0802 [epochs] `OneCycleLR` has no argument `epochs` | it takes `max_lr`, "  # noqa: E501
         "`total_steps`, `pct_start`, `anneal_strategy`, `cycle_momentum`, `base_momentum`, `max_momentum`, "
         "`div_factor`, `final_div_factor`, `three_phase`"),
        ("SequentialLR", None, "TN0802 [SequentialLR] `SequentialLR` is not written in a spec | "
         "join schedules in time with `->`: `LinearLR for 5 epochs -> CosineAnnealingLR`"),
        ("ChainedScheduler", None, "TN0802 [ChainedScheduler] `ChainedScheduler` is not written in a spec | "
         "multiply schedules with `*`: `LinearLR(total_iters=5 epochs) * StepLR(30 epochs)`"),
        ("ReduceLROnPlateau for 1 epoch -> LinearLR", None, "TN0802 [ReduceLROnPlateau] `ReduceLROnPlateau` has no "
         "end, so it can only be in the last stage | put it last, or multiply the last stage with it: "
         "`A -> B * ReduceLROnPlateau`"),
        ("ReduceLROnPlateau(factor=2)", None, "TN0802 [2] `ReduceLROnPlateau` rejects this: "
         "factor should be < 1.0"),
        ("ReduceLROnPlateau(patience=2 epochs)", None, "TN0802 [2 epochs] `patience` of `ReduceLROnPlateau` is "
         "a whole number, found 2 epochs"),
        ("LinearLR + StepLR(1 epoch)", None, "TN0802 [LinearLR + StepLR(1 epoch)] schedules are not joined by `+` | "
         "`A for 5 epochs -> B` is one after another, `A * B` the product"),
        ("OneCycleLR(0.1) * CyclicLR(0.1, 0.2)", None, "TN0803 [CyclicLR(0.1, 0.2)] `CyclicLR` cycles momentum, and "
         "so does `OneCycleLR` | write `cycle_momentum=false` in one of them"),
        ("CosineAnnealingLR(eta_min=-0.1)", None, "TN0802 [-0.1] `CosineAnnealingLR` rejects this: "
         "it leads to the learning rate -0.00489432"),
        ("ExponentialLR(-0.9)", "step", "TN0802 [-0.9] `ExponentialLR` rejects this: "
         "it leads to the learning rate -0.9"),
        ("CyclicLR(-0.1, 0.1)", None, "TN0802 [-0.1] `CyclicLR` rejects this: it leads to the learning rate -0.1"),
        ("StepLR(-1 * 1 epoch)", None, "TN0802 [-1 * 1 epoch] `-1 epochs` is negative"),
        ("Lambda(epoch / 10)", None, "TN0802 [Lambda(epoch / 10)] `Lambda` names no time, so it needs `schedule_per` | "
         "write `schedule_per = \"epoch\"` or `schedule_per = \"step\"`"),
        ("Lambda", "step", "TN0802 [Lambda] `Lambda` needs `lr_lambda`"),
        ("Lambda(epochs / 10)", "step", "TN0201 [epochs] `epochs` is not defined | did you mean `epoch`?"),
        ("Lambda(\"a\")", "step", "TN0802 [\"a\"] this is \"a\" at step 0 (epoch 0) of its stage, not a number"),
        ("Lambda(-1)", "step", "TN0802 [-1] `Lambda` rejects this: it leads to the learning rate -1"),
        ("Lambda(0.5, lr_lambda=epoch)", "step", "TN0802 [epoch] `lr_lambda` of `Lambda` is given twice"),
        ("3", None, "TN0802 [3] 3 is no schedule | "
         "write a class of torch.optim.lr_scheduler, such as `CosineAnnealingLR`"),
    ],
)  # fmt: skip
def test_wrong_schedules(text, per, fault):
    with pytest.raises(SpecError) as raised:
        chosen(text, per)
    (found,) = raised.value.diagnostics
    help = f" | {found.help}" if found.help else ""
    assert f"{found.code} [{found.span.text}] {found.message}{help}" == fault


def test_every_class_of_torch_is_read_or_refused_by_name():
    for name in schedule_classes():
        try:
            chosen(name, "step")
        except SpecError as problem:
            assert name in problem.diagnostics[0].message


def objections(text, per=None, **length):
    marks = [f"{each.severity} [{each.span.text}] {each.message}" for each in chosen(text, per).check_length(**length)]
    return "; ".join(marks)


@pytest.mark.parametrize(
    ("text", "length", "found"),
    [
        ("LinearLR for 5 epochs -> CosineAnnealingLR", {"epochs": 5}, ""),
        ("LinearLR for 5 epochs -> CosineAnnealingLR", {"epochs": 4},
         "error [LinearLR for 5 epochs] the schedule is longer than the run, which has 4 epochs"),
        ("LinearLR for 5 epochs -> CosineAnnealingLR", {"steps": 4}, ""),
        ("LinearLR(total_iters=6 epochs) for 5 epochs -> StepLR(2 epochs)", {"epochs": 9},
         "error [6 epochs] `total_iters` of `LinearLR` reaches 6 epochs, but the stage lasts 5 epochs"),
        ("LinearLR for 5 epochs", {"epochs": 9},
         "error [LinearLR for 5 epochs] the schedule ends before the run, which has 9 epochs"),
        ("MultiStepLR([3 epochs, 60 epochs, 9 epochs])", {"epochs": 9},
         "warning [[3 epochs, 60 epochs, 9 epochs]] `milestones` of `MultiStepLR` reaches 60 epochs, "
         "but the run has 9 epochs"),
        ("LinearLR for 4 steps -> StepLR(8 steps)", {"steps": 9},
         "warning [8 steps] `step_size` of `StepLR` reaches 8 steps, but 5 steps are left for the stage"),
        ("Lambda(1 / (3 - epoch))", {"epochs": 5, "per": "epoch"}, "error [1 / (3 - epoch)] division by zero"),
        ("Lambda(1 / (3 - epoch))", {"steps": 5, "per": "epoch"}, ""),
        ("Lambda(1 - epoch)", {"epochs": 5, "per": "epoch"},
         "error [Lambda(1 - epoch)] the schedule leads to the learning rate -1 at step 2 (epoch 2)"),
        ("StepLR(30 epochs) * LinearLR(total_iters=20 epochs)", {"epochs": 25},
         "warning [30 epochs] `step_size` of `StepLR` reaches 30 epochs, but the run has 25 epochs"),
    ],
)  # fmt: skip
def test_times_that_do_not_fit_the_run(text, length, found):
    assert objections(text, **length) == found


def test_stages_that_do_not_end_with_the_run_are_an_error_and_an_empty_last_stage_is_none():
    choice = chosen("LinearLR for 5 epochs -> CosineAnnealingLR")
    with pytest.raises(SpecError) as raised:
        choice.curve(0.1, 0.1, STEPS_PER_EPOCH, 49)
    (found,) = raised.value.diagnostics
    assert found.message == "the schedule is longer than the run, which has 49 steps (4.9 epochs)"
    assert found.span.text == "LinearLR for 5 epochs"
    assert len(choice.timeline(STEPS_PER_EPOCH, 50).stages) == 1
    with pytest.raises(SpecError, match="the schedule ends before the run, which has 60 steps"):
        chosen("LinearLR for 5 epochs").curve(0.1, 0.1, STEPS_PER_EPOCH, 60)


def test_cycling_a_momentum_that_the_optimizer_does_not_have():
    program, _ = elaborate(parse(Source("spec.tnet", "train { optimizer = Adagrad(lr=0.1) }")))
    optimizer = choose_optimizer(program.recipes[None].settings["optimizer"].value, None)
    (found,) = chosen("OneCycleLR(0.1)").check(optimizer)
    assert found.message == "`OneCycleLR` cycles momentum, which `Adagrad` does not have"
    assert not list(chosen("OneCycleLR(0.1, cycle_momentum=false)").check(optimizer))
