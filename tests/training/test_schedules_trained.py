"""Training follows a schedule as a hand-written loop does: the same parameters, and the rates that `plan` shows."""

from __future__ import annotations

import json
import warnings

import pytest
import torch
from small_specs import spec
from torch import nn
from torch.optim import lr_scheduler

import tnet

STEPS, PER_EPOCH = 20, 6

TENTH = 0.1 * 0.1 / 0.1
"""The head's rate over the optimizer's own; absolute rates of a stage are as much smaller for it."""

NET = """
net Flowers(features: float[N, 4]) -> logits: float[N, 3] { Linear(8); ReLU; head: Linear(3) }
parameters { head { lr = 0.1 * lr; RULE } }
data { train = Iris(); split = [90, 30, 30]; transform: { Normalize(mean="auto", std="auto") } }
train {
  steps = 20
  batch = 15
  loss = CrossEntropyLoss()
  optimizer = SGD(lr=0.1, momentum=0.9)
  metrics = [accuracy]
  log_every = 1
  compile = false
  SCHEDULE
}
"""

BY_STEP = [
    ("ConstantLR(0.2, total_iters=15 steps)", lr_scheduler.ConstantLR, {"factor": 0.2, "total_iters": 15}),
    ("LinearLR(start_factor=0.1)", lr_scheduler.LinearLR, {"start_factor": 0.1, "total_iters": 20}),
    ("StepLR(1 epoch)", lr_scheduler.StepLR, {"step_size": 6}),
    ("MultiStepLR([1 epoch, 15 steps])", lr_scheduler.MultiStepLR, {"milestones": [6, 15]}),
    ("PolynomialLR(power=2)", lr_scheduler.PolynomialLR, {"total_iters": 20, "power": 2.0}),
    ("CosineAnnealingLR", lr_scheduler.CosineAnnealingLR, {"T_max": 20}),
    ("CosineAnnealingWarmRestarts(4 steps, 2)", lr_scheduler.CosineAnnealingWarmRestarts, {"T_0": 4, "T_mult": 2}),
    ("CyclicLR(0.01, 0.2, step_size_up=5 steps)", lr_scheduler.CyclicLR,
     {"base_lr": [0.01, 0.01 * TENTH], "max_lr": [0.2, 0.2 * TENTH], "step_size_up": 5}),
    ("OneCycleLR(0.5)", lr_scheduler.OneCycleLR, {"max_lr": [0.5, 0.5 * TENTH], "total_steps": 20}),
]  # fmt: skip
BY_EPOCH = [
    ("ExponentialLR(0.5)", lr_scheduler.ExponentialLR, {"gamma": 0.5}),
    ("Lambda(0.5 ** epoch)", lr_scheduler.LambdaLR, {"lr_lambda": lambda epoch: 0.5**epoch}),
    ("MultiplicativeLR(1 / (1 + epoch))", lr_scheduler.MultiplicativeLR, {"lr_lambda": lambda epoch: 1 / (1 + epoch)}),
    ("StepLR(2 epochs)", lr_scheduler.StepLR, {"step_size": 2}),
]  # fmt: skip


def spec_of(lines, rule=""):
    return NET.replace("SCHEDULE", lines).replace("RULE", rule)


def trained(path, schedule, rule=""):
    source = spec(spec_of(schedule, rule))
    run = source.train(out=path)
    events = map(json.loads, (path / "metrics.jsonl").read_text().splitlines())
    return source, run, [event["lr"] for event in events if event["event"] == "step"]


def by_hand(source, scheduler_of, every=1, evaluate=None):
    """The parameters and the rates of each group at each step of a loop of twenty steps."""
    model, data = source.model(), source.data()
    other = [model.linear.weight, model.linear.bias]
    groups = [{"params": other}, {"params": list(model.head.parameters()), "lr": 0.1 * 0.1}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    scheduler = scheduler_of(optimizer)
    rates, step = [], 0
    for epoch in range(4):
        for batch in data.train.epoch(epoch):
            if step == STEPS:
                break
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(batch["features"]), batch["target"]).backward()
            optimizer.step()
            step += 1
            if step % every == 0 and evaluate is None:
                scheduler.step()
        if evaluate:
            scheduler.step(evaluate(model, data.val))
    return dict(model.named_parameters()), rates


def assert_same(source, run, logged, parameters, rates):
    assert [list(each.values()) for each in logged] == rates
    assert all(torch.equal(value, parameters[name]) for name, value in run.model.named_parameters())
    return source


@pytest.mark.parametrize(("text", "cls", "arguments"), BY_STEP, ids=[text for text, _, _ in BY_STEP])
def test_o5_a_class_alone_trains_as_by_hand(text, cls, arguments, tmp_path):
    """O5, O8: every class of torch.optim.lr_scheduler, and the current rates as they are logged and planned."""
    source, run, logged = trained(tmp_path, f"schedule = {text}")
    parameters, rates = by_hand(source, lambda optimizer: cls(optimizer, **arguments))
    assert_same(source, run, logged, parameters, rates)
    assert [list(group.rates) for group in source.plan().groups] == [list(each) for each in zip(*rates, strict=True)]


@pytest.mark.parametrize(("text", "cls", "arguments"), BY_EPOCH, ids=[text for text, _, _ in BY_EPOCH])
def test_o5_by_the_epoch(text, cls, arguments, tmp_path):
    """O5: the classes that name no time, moved by epochs."""
    source, run, logged = trained(tmp_path, f'schedule = {text}; schedule_per = "epoch"')
    parameters, rates = by_hand(source, lambda optimizer: cls(optimizer, **arguments), every=PER_EPOCH)
    assert_same(source, run, logged, parameters, rates)
    assert [list(group.rates) for group in source.plan().groups] == [list(each) for each in zip(*rates, strict=True)]


def test_o6_warm_up_then_cosine(tmp_path):
    """O6: stages in time are torch's SequentialLR."""
    source, run, logged = trained(tmp_path, "schedule = LinearLR(0.1) for 1 epoch -> CosineAnnealingLR")

    def sequence(optimizer):
        warm_up = lr_scheduler.LinearLR(optimizer, 0.1, total_iters=6)
        cosine = lr_scheduler.CosineAnnealingLR(optimizer, 14)
        return lr_scheduler.SequentialLR(optimizer, [warm_up, cosine], [6])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parameters, rates = by_hand(source, sequence)
    assert_same(source, run, logged, parameters, rates)


def test_a_plateau_watches_evaluations(tmp_path, capsys):
    """O5, R16: ReduceLROnPlateau by the accuracy, of which more is better; a change of the rate is told."""
    text = 'schedule = ReduceLROnPlateau(monitor="val.accuracy", patience=0, factor=0.5, threshold=2)'
    source, run, logged = trained(tmp_path, text)

    def accuracy(model, loader):
        with torch.no_grad():
            found = [(model(each["features"]).argmax(1) == each["target"]).float() for each in loader.epoch(0)]
        return torch.cat(found).mean().item()

    parameters, rates = by_hand(
        source, lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, "max", 0.5, 0, 2), evaluate=accuracy
    )
    assert_same(source, run, logged, parameters, rates)
    assert rates[0] == [0.1, 0.1 * 0.1] and rates[-1][0] < 0.1
    assert "step 12: lr 0.1 -> 0.05, 0.01 -> 0.005" in capsys.readouterr().err


def test_r16_changes_of_the_rate_are_told(tmp_path, capsys):
    """R16: stages as they begin and jumps, but not a rate that moves at each step."""
    trained(tmp_path, "schedule = LinearLR(0.1) for 4 steps -> StepLR(1 epoch) * ConstantLR(0.5, total_iters=8 steps)")
    lines = [line for line in capsys.readouterr().err.splitlines() if " lr " in line]
    assert [line.split(", ", 1)[1] for line in lines] == [
        "step 4: StepLR * ConstantLR begins at lr 0.05 and 0.005",
        "step 10: lr 0.05 -> 0.005, 0.005 -> 0.0005",
        "step 12: lr 0.005 -> 0.01, 0.0005 -> 0.001",
        "step 16: lr 0.01 -> 0.001, 0.001 -> 0.0001",
    ]


def test_o7_the_rate_by_the_batch():
    """O7: linear scaling with the batch is an expression."""
    text = spec_of("").replace("lr=0.1", "lr=0.1 * batch / 256")
    for batch in (64, 1024):
        found = spec(text, {"train.batch": batch})
        assert [group["lr"] for group in found.optimizer(found.model()).param_groups][0] == 0.1 * batch / 256


def test_a_rule_may_give_a_schedule_of_its_own(tmp_path):
    """O5: the head by steps, the rest by the recipe's schedule."""
    source, run, logged = trained(tmp_path, "schedule = CosineAnnealingLR", rule="schedule = StepLR(1 epoch)")

    def scheduler_of(optimizer):
        first, second = (torch.optim.SGD([torch.zeros(1)], lr=group["lr"]) for group in optimizer.param_groups)
        return Apart(optimizer, [lr_scheduler.CosineAnnealingLR(first, 20), lr_scheduler.StepLR(second, 6)])

    parameters, rates = by_hand(source, scheduler_of)
    assert_same(source, run, logged, parameters, rates)
    assert [list(group.rates) for group in source.plan().groups] == [list(each) for each in zip(*rates, strict=True)]


class Apart:
    """A scheduler for each group of an optimizer."""

    def __init__(self, optimizer, schedulers):
        self.optimizer, self.schedulers = optimizer, schedulers

    def step(self):
        for group, scheduler in zip(self.optimizer.param_groups, self.schedulers, strict=True):
            scheduler.optimizer.step()
            scheduler.step()
            group["lr"] = scheduler.optimizer.param_groups[0]["lr"]


FAULTS = [
    ('schedule = ReduceLROnPlateau(monitor="val.acuracy")', "",
     'no number is called "val.acuracy" in an evaluation | did you mean `val.accuracy`?'),
    ("schedule = ReduceLROnPlateau; evaluate = none", "", "the schedule waits for evaluations, which are off"),
    ("schedule = LinearLR for 30 steps -> StepLR(1 epoch)", "",
     "the schedule is longer than the run, which has 20 steps"),
    ("", "schedule = LinearLR for 30 steps -> StepLR(1 epoch)",
     "the schedule is longer than the run, which has 20 steps"),
    ("evaluate = none", "schedule = ReduceLROnPlateau", "the schedule waits for evaluations, which are off"),
    ("schedule = OneCycleLR(0.1)", "optimizer = Adagrad(lr=0.1)",
     "`OneCycleLR` cycles momentum, which `Adagrad` does not have | write `cycle_momentum=false`"),
    ('schedule_per = "step"', "", "`schedule_per` is set, but there is no `schedule`"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "rule", "fault"), FAULTS)
def test_a_schedule_that_cannot_be_followed_is_found_before_the_run(lines, rule, fault):
    source = tnet.Spec(tnet.Source("spec.tnet", spec_of(lines, rule)))
    assert [each.message + (f" | {each.help}" if each.help else "") for each in source.check()] == [fault]


def test_schedule_per_may_be_for_a_rule_alone():
    source = tnet.Spec(tnet.Source("spec.tnet", spec_of('schedule_per = "epoch"', "schedule = ExponentialLR(0.5)")))
    assert source.check() == []
