"""Schedules of a spec give the rates of torch's classes, to the bit, stage by stage and group by group."""

import json
import warnings

import pytest
import torch
from torch import optim
from torch.optim import lr_scheduler

from tnet.diagnostics import SpecError
from tnet.elaborate import elaborate
from tnet.source import Source
from tnet.syntax import parse
from tnet.training import schedules
from tnet.training.optimizers import choose as choose_optimizer
from tnet.training.schedules_stages import schedule_classes

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


CASES = [
    ("LinearLR", lr_scheduler.LinearLR, {"total_iters": 60}),
    ("LinearLR(start_factor=0.1, end_factor=0.5)", lr_scheduler.LinearLR,
     {"start_factor": 0.1, "end_factor": 0.5, "total_iters": 60}),
    ("LinearLR(0.1, total_iters=2 epochs)", lr_scheduler.LinearLR, {"start_factor": 0.1, "total_iters": 20}),
    ("ConstantLR(0.2, total_iters=15 steps)", lr_scheduler.ConstantLR, {"factor": 0.2, "total_iters": 15}),
    ("CosineAnnealingLR", lr_scheduler.CosineAnnealingLR, {"T_max": 60}),
    ("CosineAnnealingLR(1.5 epochs, eta_min=0.01)", lr_scheduler.CosineAnnealingLR, {"T_max": 15, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts(T_0=1 epoch, T_mult=2, eta_min=0.001)", lr_scheduler.CosineAnnealingWarmRestarts,
     {"T_0": 10, "T_mult": 2, "eta_min": 0.001}),
    ("StepLR(2 epochs)", lr_scheduler.StepLR, {"step_size": 20}),
    ("StepLR(step_size=7 steps, gamma=0.5)", lr_scheduler.StepLR, {"step_size": 7, "gamma": 0.5}),
    ("MultiStepLR([1 epoch, 25 steps, 4 epochs], gamma=0.3)", lr_scheduler.MultiStepLR,
     {"milestones": [10, 25, 40], "gamma": 0.3}),
    ("PolynomialLR(power=2)", lr_scheduler.PolynomialLR, {"total_iters": 60, "power": 2.0}),
    ("OneCycleLR(0.5)", lr_scheduler.OneCycleLR, {"max_lr": 0.5, "total_steps": 60}),
    ("OneCycleLR(max_lr=0.5, three_phase=true, cycle_momentum=false, anneal_strategy=\"linear\")",
     lr_scheduler.OneCycleLR,
     {"max_lr": 0.5, "total_steps": 60, "three_phase": True, "cycle_momentum": False, "anneal_strategy": "linear"}),
    ("CyclicLR(0.01, 0.2, step_size_up=1 epoch, mode=\"triangular2\")", lr_scheduler.CyclicLR,
     {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 10, "mode": "triangular2"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cls", "arguments"), CASES, ids=[text for text, _, _ in CASES])
@pytest.mark.parametrize("options", [{"momentum": 0.9}, {"cls": optim.AdamW}], ids=["SGD", "AdamW"])
def test_a_class_alone_is_torchs_to_the_bit(text, cls, arguments, options):
    ours, theirs = optimizer_of(**options), optimizer_of(**options)
    by_spec = rates_of(ours, chosen(text).build(ours, STEPS_PER_EPOCH, STEPS))
    by_hand = rates_of(theirs, cls(theirs, **arguments))
    assert by_spec == by_hand
    assert chosen(text).curve(0.1, 0.1, STEPS_PER_EPOCH, STEPS) == [rate for rate, _, _ in by_hand]


@pytest.mark.parametrize(
    ("text", "cls", "arguments"),
    [
        ("ExponentialLR(0.9)", lr_scheduler.ExponentialLR, {"gamma": 0.9}),
        ("CosineAnnealingLR", lr_scheduler.CosineAnnealingLR, {"T_max": 6}),
        ("StepLR(2 epochs)", lr_scheduler.StepLR, {"step_size": 2}),
    ],
)
def test_by_the_epoch(text, cls, arguments):
    ours, theirs = optimizer_of(), optimizer_of()
    by_spec = rates_of(ours, chosen(text, "epoch").build(ours, STEPS_PER_EPOCH, STEPS))
    by_hand = rates_of(theirs, cls(theirs, **arguments), every=STEPS_PER_EPOCH)
    assert by_spec == by_hand
    assert chosen(text, "epoch").curve(0.1, 0.1, STEPS_PER_EPOCH, STEPS) == [rate for rate, _, _ in by_hand]


def test_exponential_by_the_step():
    ours, theirs = optimizer_of(), optimizer_of()
    by_spec = rates_of(ours, chosen("ExponentialLR(0.9)", "step").build(ours, STEPS_PER_EPOCH, STEPS))
    assert by_spec == rates_of(theirs, lr_scheduler.ExponentialLR(theirs, 0.9))


def test_stages_are_torchs_one_after_another():
    ours, theirs = optimizer_of(), optimizer_of()
    choice = chosen("LinearLR(start_factor=0.01) for 1 epoch -> CosineAnnealingLR")
    by_spec = rates_of(ours, choice.build(ours, STEPS_PER_EPOCH, STEPS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warm_up = lr_scheduler.LinearLR(theirs, 0.01, total_iters=10)
        cosine = lr_scheduler.CosineAnnealingLR(theirs, 50)
        by_hand = rates_of(theirs, lr_scheduler.SequentialLR(theirs, [warm_up, cosine], [10]))
    assert by_spec == by_hand


def test_three_stages_start_where_the_one_before_ends():
    choice = chosen("LinearLR(0.5) for 0.25 epochs -> ConstantLR(0.5) for 12 steps -> PolynomialLR")
    curve = choice.curve(0.1, 0.1, STEPS_PER_EPOCH, STEPS)
    assert curve[:2] == [0.05, 0.05 * (1 + 0.5 / (2 * 0.5))]
    assert curve[2:14] == [0.05] * 12
    assert curve[14] == 0.1 and curve[15] == 0.1 * (1 - 1 / 46)


def test_a_stage_is_a_factor_on_a_groups_own_rate_and_absolute_rates_scale_with_it():
    choice = chosen("CosineAnnealingLR(eta_min=0.01)")
    optimizer = optimizer_of(0.1, 0.01, 0.1, 0.0)
    scheduler = choice.build(optimizer, STEPS_PER_EPOCH, STEPS)
    assert scheduler.base_lrs == [0.1, 0.01, 0.1, 0.0]
    for step in range(STEPS):
        own, tenth, same, none = (group["lr"] for group in optimizer.param_groups)
        assert own == same and none == 0 and tenth == pytest.approx(own / 10, rel=1e-9)
        assert scheduler.get_last_lr() == [own, tenth, same, none]
        assert tenth == choice.curve(0.01, 0.1, STEPS_PER_EPOCH, STEPS)[step] if step % 20 == 0 else True
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr()[:2] == pytest.approx([0.01, 0.001])


def test_momentum_comes_back_after_a_stage_that_cycles_it():
    optimizer = optimizer_of(momentum=0.7)
    scheduler = chosen("OneCycleLR(0.5) for 2 epochs -> ConstantLR(1.0)").build(optimizer, STEPS_PER_EPOCH, STEPS)
    momenta = [momentum for _, momentum, _ in rates_of(optimizer, scheduler)]
    assert momenta[0] == 0.95 and len(set(momenta[:20])) > 10 and set(momenta[20:]) == {0.7}


def test_none_keeps_rates_constant():
    optimizer = optimizer_of(0.1, 0.2)
    scheduler = chosen("none").build(optimizer, STEPS_PER_EPOCH, STEPS)
    optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.1, 0.2] == [group["lr"] for group in optimizer.param_groups]
    assert chosen("none").curve(0.3, 0.1, 10, 3) == [0.3] * 3


RESUMED = [*(text for text, _, _ in CASES), "LinearLR for 1 epoch -> OneCycleLR(0.4) for 2 epochs -> StepLR(7 steps)"]


@pytest.mark.parametrize("text", RESUMED)
def test_a_state_in_json_goes_on_as_if_nothing_had_happened(text):
    choice = chosen(text)
    whole = optimizer_of(0.1, 0.02, momentum=0.9)
    expected = rates_of(whole, choice.build(whole, STEPS_PER_EPOCH, STEPS))
    for at in (1, 13, 31):
        first = optimizer_of(0.1, 0.02, momentum=0.9)
        scheduler = choice.build(first, STEPS_PER_EPOCH, STEPS)
        rates_of(first, scheduler, at)
        saved = json.dumps([scheduler.state_dict(), first.state_dict()])
        assert len(json.dumps(scheduler.state_dict())) < 500
        second = optimizer_of(0.1, 0.02, momentum=0.9)
        resumed = choice.build(second, STEPS_PER_EPOCH, STEPS)
        state, optimizer_state = json.loads(saved)
        second.load_state_dict(optimizer_state)
        resumed.load_state_dict(state)
        assert rates_of(second, resumed, STEPS - at) == expected[at:]


def test_a_rate_that_is_a_tensor_is_written_in_place():
    optimizer = optimizer_of()
    optimizer.param_groups[0]["lr"] = rate = torch.tensor(0.1, dtype=torch.float64)
    scheduler = chosen("LinearLR(0.5)").build(optimizer, STEPS_PER_EPOCH, STEPS)
    assert rate == 0.05
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate and rate == scheduler.get_last_lr()[0]


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
        ("ReduceLROnPlateau(monitor=\"val.loss\")", None, "TN0001 [ReduceLROnPlateau(monitor=\"val.loss\")] "
         "the schedule `ReduceLROnPlateau` is not done yet"),
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


def test_stages_longer_than_the_run_are_an_error_and_an_empty_last_stage_is_none():
    choice = chosen("LinearLR for 5 epochs -> CosineAnnealingLR")
    with pytest.raises(SpecError) as raised:
        choice.curve(0.1, 0.1, STEPS_PER_EPOCH, 49)
    (found,) = raised.value.diagnostics
    assert found.message == "the schedule is longer than the run, which has 49 steps (4.9 epochs)"
    assert found.span.text == "LinearLR for 5 epochs"
    assert len(choice.timed(STEPS_PER_EPOCH, 50)) == 1
    choice.check_length(epochs=5, steps=None)
    with pytest.raises(SpecError, match="longer than the run, which has 4 epochs"):
        choice.check_length(epochs=4)


def test_a_stage_of_no_length_is_left_out():
    choice = chosen("LinearLR for 0 epochs -> CosineAnnealingLR")
    assert choice.curve(0.1, 0.1, 10, 60) == chosen("CosineAnnealingLR").curve(0.1, 0.1, 10, 60)


def test_cycling_a_momentum_that_the_optimizer_does_not_have():
    program, _ = elaborate(parse(Source("spec.tnet", "train { optimizer = Adagrad(lr=0.1) }")))
    optimizer = choose_optimizer(program.recipes[None].settings["optimizer"].value, None)
    with pytest.raises(SpecError) as raised:
        chosen("OneCycleLR(0.1)").check(optimizer)
    assert raised.value.diagnostics[0].message == "`OneCycleLR` cycles momentum, which `Adagrad` does not have"
    chosen("OneCycleLR(0.1, cycle_momentum=false)").check(optimizer)
