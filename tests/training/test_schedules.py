"""Schedules of a spec give the rates of torch's classes, to the bit, stage by stage and group by group."""

from __future__ import annotations

import json
import warnings

import pytest
import torch
from schedules_by_hand import STEPS, STEPS_PER_EPOCH, chosen, optimizer_of, rates_of
from torch import optim
from torch.optim import lr_scheduler

from tnet.diagnostics import SpecError

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


RESUMED = [
    *(text for text, _, _ in CASES),
    "StepLR(7 steps) * OneCycleLR(0.4)",
    "LinearLR for 1 epoch -> OneCycleLR(0.4) for 2 epochs -> StepLR(7 steps)",
]


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
        assert len(json.dumps(scheduler.state_dict())) < 600
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


def test_an_expression_is_the_function_of_torchs_lambda():
    for per, every in (("epoch", STEPS_PER_EPOCH), ("step", 1)):
        ours, theirs = optimizer_of(), optimizer_of()
        choice = chosen(f"Lambda(0.5 ** ({per} / 3) if {per} < 4 else 0.25)", per)
        by_spec = rates_of(ours, choice.build(ours, STEPS_PER_EPOCH, STEPS))
        by_hand = lr_scheduler.LambdaLR(theirs, lambda t: 0.5 ** (t / 3) if t < 4 else 0.25)
        assert by_spec == rates_of(theirs, by_hand, every=every)


def test_in_an_expression_epochs_are_parts_where_steps_move():
    assert chosen("Lambda(epoch)", "step").curve(1.0, 1.0, 10, 20) == [step / 10 for step in range(20)]
    assert chosen("Lambda(step)", "epoch").curve(1.0, 1.0, 10, 30)[::10] == [0, 10, 20]
    shifted = chosen("ConstantLR(1.0) for 1 epoch -> Lambda(1 + epoch)", "epoch").curve(1.0, 1.0, 10, 30)
    assert shifted[::10] == [1, 1, 2]


def test_an_expression_is_tried_over_its_stage_before_the_run():
    choice = chosen("Lambda([1, 0.1, 0.01][epoch])", "epoch")
    optimizer = optimizer_of()
    scheduler = choice.build(optimizer, STEPS_PER_EPOCH, 30)
    assert [rate for rate, *_ in rates_of(optimizer, scheduler, 30)][::10] == [0.1, 0.1 * 0.1, 0.1 * 0.01]
    with pytest.raises(SpecError) as raised:
        choice.timeline(STEPS_PER_EPOCH, 40)
    assert "index 3" in raised.value.diagnostics[0].message
    with pytest.raises(SpecError, match=r"learning rate -0.1 at step 20 \(epoch 2\)"):
        chosen("Lambda(1 - epoch)", "epoch").curve(0.1, 0.1, 10, 30)


def test_multiplicative_by_an_expression():
    ours, theirs = optimizer_of(), optimizer_of()
    by_spec = rates_of(ours, chosen("MultiplicativeLR(0.5 + epoch / 20)", "epoch").build(ours, STEPS_PER_EPOCH, STEPS))
    by_hand = lr_scheduler.MultiplicativeLR(theirs, lambda epoch: 0.5 + epoch / 20)
    assert by_spec == rates_of(theirs, by_hand, every=STEPS_PER_EPOCH)


def test_o6_a_product_is_the_product_of_its_factors():
    """O6: chained schedules. torch's chain of recursive formulas gives the same but for rounding, where each of its
    classes multiplies; a class with a closed form would there undo the others."""
    text = "LinearLR(0.1, total_iters=2 epochs) * StepLR(15 steps, gamma=0.5)"
    ours, theirs = optimizer_of(), optimizer_of()
    by_spec = [rate for rate, *_ in rates_of(ours, chosen(text).build(ours, STEPS_PER_EPOCH, STEPS))]
    parts = [lr_scheduler.LinearLR(theirs, 0.1, total_iters=20), lr_scheduler.StepLR(theirs, 15, 0.5)]
    chained = [rate for rate, *_ in rates_of(theirs, lr_scheduler.ChainedScheduler(parts, theirs))]
    assert by_spec == pytest.approx(chained, rel=1e-12)
    warm, step = (chosen(each).curve(0.1, 0.1, STEPS_PER_EPOCH, STEPS) for each in text.split(" * "))
    assert by_spec == [a * (b / 0.1) for a, b in zip(warm, step, strict=True)]
    assert by_spec[:15] == warm[:15], "a factor of one changes nothing"
    restarts = chosen("LinearLR(0.01, total_iters=5 steps) * CosineAnnealingWarmRestarts(1 epoch, 2)")
    assert restarts.curve(0.1, 0.1, 10, 60)[:2] == pytest.approx([0.001, 0.02029], rel=1e-3)


def test_a_product_is_of_one_stage_and_takes_the_momentum_of_the_factor_that_cycles_it():
    optimizer = optimizer_of(momentum=0.7)
    choice = chosen("ConstantLR(1.0) for 1 epoch -> StepLR(1 epoch) * OneCycleLR(0.5)")
    momenta = [momentum for _, momentum, _ in rates_of(optimizer, choice.build(optimizer, STEPS_PER_EPOCH, STEPS))]
    alone = optimizer_of(momentum=0.7)
    cycle = rates_of(alone, lr_scheduler.OneCycleLR(alone, 0.5, 50), 50)
    assert momenta[:10] == [0.7] * 10 and momenta[10:] == [momentum for _, momentum, _ in cycle]


LOSSES = [1.0, 0.9, 0.91, 0.92, 0.93, 0.94, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("ReduceLROnPlateau", {}),
        ("ReduceLROnPlateau(factor=0.5, patience=1, monitor=\"val.loss\")", {"factor": 0.5, "patience": 1}),
        ("ReduceLROnPlateau(patience=0, cooldown=2, min_lr=0.002, threshold=0.5, threshold_mode=\"abs\", eps=1e-3)",
         {"patience": 0, "cooldown": 2, "min_lr": 0.002, "threshold": 0.5, "threshold_mode": "abs", "eps": 1e-3}),
        ("ReduceLROnPlateau(mode=\"max\", patience=1)", {"mode": "max", "patience": 1}),
    ],
)  # fmt: skip
def test_a_plateau_counts_evaluations_as_torch_does(text, arguments):
    ours, theirs = optimizer_of(), optimizer_of()
    scheduler = chosen(text).build(ours, STEPS_PER_EPOCH, STEPS)
    by_hand = lr_scheduler.ReduceLROnPlateau(theirs, **arguments)
    for loss in LOSSES:
        for _ in range(STEPS_PER_EPOCH):
            scheduler.step()
        scheduler.evaluated({"val.loss": loss, "val.accuracy": 0.0})
        by_hand.step(loss)
        assert ours.param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
    assert (arguments == {}) == (ours.param_groups[0]["lr"] == 0.1)


def test_a_plateau_follows_and_multiplies_other_schedules_and_its_state_is_kept():
    choice = chosen("LinearLR(0.5) for 2 epochs -> StepLR(1 epoch, gamma=0.5) * ReduceLROnPlateau(patience=0)")

    def run(losses, saved=None):
        optimizer = optimizer_of(0.1, 0.01)
        scheduler = choice.build(optimizer, STEPS_PER_EPOCH, STEPS)
        if saved:
            scheduler.load_state_dict(json.loads(saved))
        rates = []
        for loss in losses:
            for _ in range(STEPS_PER_EPOCH):
                scheduler.step()
            scheduler.evaluated({"val.loss": loss})
            rates.append(scheduler.get_last_lr())
        return rates, json.dumps(scheduler.state_dict())

    losses = [3.0, 4.0, 2.0, 5.0, 1.0, 7.0]
    whole, _ = run(losses)
    assert [own for own, _ in whole] == pytest.approx([0.075, 0.1, 0.05, 0.0025, 0.00125, 0.0000625])
    assert [small for _, small in whole] == pytest.approx([own / 10 for own, _ in whole])
    for at in (1, 3, 4):
        begun, saved = run(losses[:at])
        assert begun + run(losses[at:], saved)[0] == whole


def test_more_of_a_maximized_result_is_better():
    optimizer = optimizer_of()
    text = 'ReduceLROnPlateau(patience=0, monitor="val.accuracy")'
    scheduler = chosen(text).build(optimizer, 10, 60, maximized=frozenset({"val.accuracy"}))
    for accuracy, rate in ((0.5, 0.1), (0.6, 0.1), (0.6, 0.1 * 0.1)):
        scheduler.evaluated({"val.accuracy": accuracy})
        assert optimizer.param_groups[0]["lr"] == rate


def test_groups_may_have_schedules_of_their_own():
    optimizer = optimizer_of(0.1, 0.1, 0.2)
    for group, name in zip(optimizer.param_groups, ("default", "head", "fc"), strict=True):
        group["name"] = name
    other = chosen("StepLR(5 steps)")
    scheduler = chosen("CosineAnnealingLR").build(optimizer, 10, 60, {"head": other})
    rates = []
    for _ in range(60):
        rates.append(scheduler.get_last_lr())
        scheduler.step()
    curves = [chosen("CosineAnnealingLR").curve(0.1, 0.1, 10, 60), other.curve(0.1, 0.1, 10, 60),
              chosen("CosineAnnealingLR").curve(0.2, 0.1, 10, 60)]  # fmt: skip
    assert rates == [list(step) for step in zip(*curves, strict=True)]


def test_a_state_of_another_schedule_is_replaced_by_what_it_would_be():
    first, second = optimizer_of(), optimizer_of()
    scheduler = chosen("StepLR(5 steps)").build(first, 10, 60)
    rates_of(first, scheduler, 23)
    cosine = chosen("CosineAnnealingLR")
    resumed = cosine.build(second, 10, 60)
    resumed.load_state_dict(scheduler.state_dict())
    assert rates_of(second, resumed, 37) == rates_of(whole := optimizer_of(), cosine.build(whole, 10, 60), 60)[23:]


def test_a_stage_of_no_length_is_left_out():
    choice = chosen("LinearLR for 0 epochs -> CosineAnnealingLR")
    assert choice.curve(0.1, 0.1, 10, 60) == chosen("CosineAnnealingLR").curve(0.1, 0.1, 10, 60)
