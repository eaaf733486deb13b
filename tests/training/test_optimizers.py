"""Optimizers chosen in a spec are those of PyTorch written by hand, to the bit."""

import json

import pytest
import torch
from torch import nn

from tnet.diagnostics import SpecError
from tnet.elaborate import elaborate
from tnet.parameters import choose, groups, resolve
from tnet.parameters.choice import optimizer_classes
from tnet.source import Source
from tnet.syntax import parse
from tnet.training import optimizers

NET = "net A(x: float[N, 3]) { a: Linear(5) -> relu; b: Linear(2) }"


def compiled(optimizer, rules=""):
    """The choice of a spec and its parameter groups."""
    text = f"{NET}\nparameters {{ {rules} }}\ntrain {{ optimizer = {optimizer} }}"
    program, diagnostics = elaborate(parse(Source("spec.tnet", text)))
    assert not diagnostics
    setting = program.recipes[None].settings["optimizer"]
    choice = choose(setting.value, setting.value_span)
    table, diagnostics = resolve(program.net(), program.rules.get(None, []), choice)
    assert not diagnostics
    return choice, groups(table)


def model(bias=True):
    torch.manual_seed(0)
    it = nn.Module()
    it.a, it.b = nn.Linear(3, 5, bias), nn.Linear(5, 2, bias)
    return it


def after_steps(it, optimizer, steps=20):
    """Parameters after some steps on fixed data."""
    torch.manual_seed(1)
    x, y = torch.randn(8, 3), torch.randn(8, 2)
    for _ in range(steps):
        optimizer.zero_grad()
        (it.b(it.a(x).relu()) - y).square().mean().backward()
        optimizer.step()
    return [value.detach().clone() for value in it.parameters()]


def same(left, right):
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


WRITTEN = {
    "Adadelta": ("rho=0.8", {"rho": 0.8}),
    "Adafactor": ("eps=[none, 1e-2]", {"eps": (None, 1e-2)}),
    "Adam": ("betas=[0, 0.9], amsgrad=true", {"betas": (0.0, 0.9), "amsgrad": True}),
    "AdamW": ("lr=1e-2, weight_decay=0.1, foreach=false", {"lr": 1e-2, "weight_decay": 0.1, "foreach": False}),
    "RMSprop": ("momentum=0.9, centered=true", {"momentum": 0.9, "centered": True}),
    "Rprop": ("etas=[0.4, 1.3], step_sizes=[1e-5, 10]", {"etas": (0.4, 1.3), "step_sizes": (1e-5, 10)}),
    "SGD": ("lr=0.1, momentum=0.9, nesterov=true", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
}


@pytest.mark.parametrize("name", [name for name in optimizer_classes() if name not in ("LBFGS", "SparseAdam", "Muon")])
def test_every_class_trains_as_by_hand(name):
    text, options = WRITTEN.get(name, ("", {}))
    choice, found = compiled(f"{name}({text})" if text else name)
    ours, theirs = model(), model()
    by_spec = after_steps(ours, optimizers.build(ours, found))
    by_hand = after_steps(theirs, getattr(torch.optim, name)(theirs.parameters(), **options))
    assert same(by_spec, by_hand)
    assert not same(by_spec, list(model().parameters()))


@pytest.mark.parametrize("name", [name for name in optimizer_classes() if name not in ("LBFGS", "SparseAdam", "Muon")])
def test_rules_are_groups_as_by_hand(name):
    choice, found = compiled(name, ":bias { lr = 0.1 * lr }\nb { lr = 0.5 * lr }")
    ours, theirs = model(), model()
    cls = getattr(torch.optim, name)
    lr = cls([torch.zeros(1)]).defaults["lr"]
    by_hand = cls([
        {"params": [theirs.a.weight]}, {"params": [theirs.a.bias], "lr": 0.1 * lr},
        {"params": list(theirs.b.parameters()), "lr": 0.5 * lr},
    ])  # fmt: skip
    assert same(after_steps(ours, optimizers.build(ours, found)), after_steps(theirs, by_hand))


def test_a_built_optimizer_is_plain_but_for_the_names_of_its_groups():
    choice, found = compiled("AdamW(lr=0.1)", ":bias { weight_decay = 0 }")
    built = optimizers.build(model(), found)
    assert type(built) is torch.optim.AdamW
    assert [group["name"] for group in built.param_groups] == ["default", ":bias"]
    plain = torch.optim.AdamW(model().parameters(), lr=0.1)
    assert set(built.param_groups[0]) == {"name", *plain.param_groups[0]}
    assert built.defaults == plain.defaults
    json.dumps(built.state_dict()["param_groups"])
    built.load_state_dict(built.state_dict())


def test_muon_trains_matrices():
    text = "net A(x: float[N, 3]) { a: Linear(5, bias=false) -> relu; b: Linear(2, bias=false) }"
    program, _ = elaborate(parse(Source("spec.tnet", f"{text}\ntrain {{ optimizer = Muon(lr=0.02) }}")))
    setting = program.recipes[None].settings["optimizer"]
    choice = choose(setting.value, setting.value_span)
    table, diagnostics = resolve(program.net(), [], choice)
    ours, theirs = model(bias=False), model(bias=False)
    by_spec = after_steps(ours, optimizers.build(ours, groups(table)))
    assert not diagnostics and same(by_spec, after_steps(theirs, torch.optim.Muon(theirs.parameters(), lr=0.02)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Adan", "TN0802 [Adan] torch.optim has no optimizer `Adan` | did you mean `Adam`?"),
        ("SGD(lrr=1)", "TN0802 [lrr] `SGD` has no argument `lrr` | did you mean `lr`?"),
        ("SGD(params=1)", "TN0802 [1] `params` is not given: an optimizer trains the net | "
         "say what differs between parameters in `parameters`"),
        ("SGD(lr=\"a\")", "TN0802 [\"a\"] `lr` of `SGD` is a number, found \"a\""),
        ("SGD(lr=true)", "TN0802 [true] `lr` of `SGD` is a number, found true"),
        ("SGD(lr=-1)", "TN0802 [-1] `SGD` rejects this: invalid learning rate: -1.0"),
        ("SGD(0.1, 0.9, 0, 0, true, false)", "TN0802 [false] `SGD` takes at most 5 arguments without a name"),
        ("SGD(0.1, lr=0.2)", "TN0802 [0.2] `lr` of `SGD` is given twice"),
        ("SGD(lr=0.1, nesterov=true)", "TN0802 [true] `SGD` rejects this: nesterov momentum requires a momentum and "
         "zero dampening"),
        ("Adam(betas=[0.9])", "TN0802 [[0.9]] `betas` of `Adam` is a list of 2 numbers, found [0.9]"),
        ("Adam(betas=[0.9, 1.5])", "TN0802 [[0.9, 1.5]] `Adam` rejects this: invalid beta parameter at index 1: 1.5"),
        ("Adam(differentiable=true)", "TN0802 [true] `Adam` rejects this: `differentiable` takes gradients through the "
         "optimizer's steps, which training does not"),
        ("3", "TN0802 [3] 3 is no optimizer | write a class of torch.optim, such as `AdamW(lr=1e-3)`"),
    ],
)  # fmt: skip
def test_wrong_choices(text, fault):
    with pytest.raises(SpecError) as raised:
        compiled(text)
    (found,) = raised.value.diagnostics
    help = f" | {found.help}" if found.help else ""
    assert f"{found.code} [{found.span.text}] {found.message}{help}" == fault


def test_all_wrong_arguments_are_told_at_once():
    with pytest.raises(SpecError) as raised:
        compiled('SGD(lr="a", momentun=0.9)')
    assert len(raised.value.diagnostics) == 2
