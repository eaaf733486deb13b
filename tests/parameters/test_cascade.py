"""Later rules win property by property, whatever the rules and the net: against a reference that does it slowly."""

import fnmatch

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nets_by_hand import layer, module, net, prop, rule
from specs_by_hand import faults, resolved, table_of
from torch import nn

from tnet.ir import sites
from tnet.parameters import OptimizerChoice, groups, resolve

LAYERS = [
    lambda: layer(nn.Linear, 2, 3),
    lambda: layer(nn.Conv2d, 2, 3, 1),
    lambda: layer(nn.BatchNorm2d, 2),
    lambda: layer(nn.Embedding, 3, 2),
    lambda: layer(nn.LayerNorm, 2),
    lambda: layer(nn.MultiheadAttention, 4, 2),
    lambda: layer(nn.ReLU),
]
LABELS = ["a", "b1", "b2", "norm", "head"]
PARTS = [
    "a", "b1", "*b?", "*.weight", "*bias", "*", "head.*", "a.b1", "Linear", "Conv2d.weight", "BatchNorm2d", "Pair",
    "Pair.b?.weight", "Pair.*", "MultiheadAttention", "Linear.bias", ":norm", ":bias", ":embedding", ":vector",
    ":matrix",
]  # fmt: skip

leaf = st.sampled_from(LAYERS).map(lambda make: make())
trees = st.recursive(
    leaf,
    lambda inner: st.builds(
        module,
        st.sampled_from(["block", "group"]),
        st.just("Pair"),
        st.dictionaries(st.sampled_from(LABELS), inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
)
nets = st.dictionaries(st.sampled_from(LABELS), trees, min_size=1, max_size=4).map(net)
selectors = st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=2).map(" ".join), min_size=1, max_size=2)
properties = st.dictionaries(
    st.sampled_from(["lr", "momentum", "weight_decay"]), st.sampled_from([0.0, 0.1, 0.5]), min_size=1
)
rules = st.lists(st.builds(lambda texts, given: rule(",".join(texts), **given), selectors, properties), max_size=6)


def holds(part: str, name: str, modules: dict[str, sites.ModuleSite], site: sites.ParameterSite) -> bool:
    """Whether a part holds for a parameter, word for word as the language says."""
    above = [path for path in modules if not path or name.startswith(f"{path}.")]
    last = name.rpartition(".")[2]
    norms = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm, nn.LayerNorm, nn.GroupNorm)
    if part == ":norm":
        return any(modules[path].cls and issubclass(modules[path].cls, norms) for path in above)
    if part == ":embedding":
        return any(modules[path].cls is nn.Embedding for path in above)
    if part in (":bias", ":vector", ":matrix"):
        return {":bias": "bias" in last, ":vector": len(site.shape) <= 1, ":matrix": len(site.shape) == 2}[part]
    cls, _, rest = part.partition(".")
    if cls[0].isupper():
        for path in above:
            is_one = (
                modules[path].block == cls or modules[path].cls and issubclass(modules[path].cls, getattr(nn, cls, ()))
            )
            inner = [each[len(path) + 1 if path else 0 :] for each in (*above, name) if each != path]
            if is_one and (not rest or any(matches(rest, each) for each in inner)):
                return True
        return False
    return any(matches(part, each) for each in (*above, name))


def matches(pattern: str, name: str) -> bool:
    literal = pattern.replace("?", "[!.]")
    return fnmatch.fnmatchcase(name, literal)


@settings(max_examples=60, deadline=None)
@given(nets, rules)
def test_the_cascade_is_the_reference(it, given_rules):
    choice = OptimizerChoice(torch.optim.SGD, {"lr": 1.0, "momentum": 0.25})
    table, _ = resolve(it, given_rules, choice, blocks=("Pair",))
    modules = {each.path: each for each in sites.modules(it.root)}
    for site in sites.parameters(it.root):
        expected = dict(choice.own)
        for each in given_rules:
            chosen = [
                selector
                for selector in each.selectors
                if all(holds(part.text, site.name, modules, site) for part in selector.parts)
            ]
            # a selector with a part that means nothing is an error, and holds for nothing
            chosen = [each for each in chosen if all(held_somewhere(part.text, modules, it) for part in each.parts)]
            if chosen:
                expected.update({prop.name: prop.evaluate({}) for prop in each.properties})
        assert table.options(site.name) == expected, site.name
    check_groups(table)


def held_somewhere(part, modules, it):
    return any(holds(part, each.name, modules, each) for each in sites.parameters(it.root))


def check_groups(table):
    found = groups(table)
    options = [table.options(name) for name in table.parameters]
    assert len(found) == len({tuple(each.items()) for each in options}), "the fewest that tell the options apart"
    assert sorted(name for group in found for name in group.parameters) == sorted(table.parameters)
    assert len({group.name for group in found}) == len(found)
    order = list(table.parameters)
    firsts = [order.index(group.parameters[0]) for group in found]
    assert firsts == sorted(firsts)
    for group in found:
        assert group.parameters == sorted(group.parameters, key=order.index)
        assert all(table.options(name) == group.options for name in group.parameters)
        assert (group.name == "default") == (group.options == table.optimizer.own)


def test_an_option_in_a_value_is_what_the_optimizers_call_says_and_rules_do_not_compound():
    table = table_of("* { lr = 0.1 * lr }\nhead { lr = 0.5 * lr; momentum = momentum / 2 + weight_decay }")
    assert table.options("head.weight")["lr"] == 0.5 * 0.1
    assert table.options("head.weight")["momentum"] == 0.9 / 2 + 0.01
    assert table.options("embed.weight")["lr"] == 0.1 * 0.1


def test_the_name_of_an_option_comes_before_the_specs_own_names():
    table = table_of("head { lr = 2 * lr }", net="hyper lr = 100.0\nnet A(x: float[N, 3]) { head: Linear(2) }")
    assert table.options("head.weight")["lr"] == 0.2


def test_an_entry_tells_its_rule_its_place_and_what_it_overrode():
    table = table_of(":bias { weight_decay = 0 }\nhead { weight_decay = 0.5; lr = 1 }")
    entry = table.properties("head.bias")["weight_decay"]
    assert [each.value for each in entry.history()] == [0.5, 0.0]
    assert [str(each.rule) for each in entry.history()] == ["head", ":bias"]
    assert entry.span.text == "weight_decay" and entry.property.value_span.text == "0.5"
    assert set(table.properties("head.weight")) == {"weight_decay", "lr"}
    assert table.properties("embed.weight") == {}
    with pytest.raises(KeyError):
        table.properties("nothing")


def test_groups_are_named_after_the_rules_that_make_them_differ():
    table = table_of(":bias, :norm { weight_decay = 0 }\nhead { lr = 0.5 * lr }\nembed { momentum = momentum }")
    assert [group.name for group in groups(table)] == ["default", ":bias, :norm", "head", ":bias, :norm + head"]
    assert groups(table)[0].options["momentum"] == 0.9


def test_groups_with_the_same_rules_get_names_of_their_own():
    table = table_of("head, embed { lr = 1 }\n:bias { lr = 2 }\nscale { lr = 1; momentum = 0 }\nembed { momentum = 0 }")
    assert [group.name for group in groups(table)] == [
        "head, embed + scale + embed", "default", ":bias", "head, embed"
    ]  # fmt: skip


def test_without_an_optimizer_options_are_checked_by_name_only():
    table, diagnostics = resolved("head { lr = 1; betas = [0, 1] }\n:bias { init = zeros }", optimizer=None)
    assert not diagnostics
    assert set(table.properties("head.bias")) == {"init"}
    assert [group.options for group in groups(table)] == [{}]


def test_a_property_that_is_to_come_is_refused_by_name():
    assert faults('head { shard = "colwise" }') == ["error TN0001 [shard] the property `shard` is not done yet"]


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (
            "head { wieght_decay = 0 }",
            "error TN0602 [wieght_decay] there is no property `wieght_decay` | did you mean `weight_decay`?",
        ),
        ("head { frezze = true }", "error TN0602 [frezze] there is no property `frezze` | did you mean `freeze`?"),
        ("head { lr = \"fast\" }", "error TN0605 [\"fast\"] `lr` of `SGD` is a number, found \"fast\""),
        ("head { lr = true }", "error TN0605 [true] `lr` of `SGD` is a number, found true"),
        ("head { nesterov = 1 }", "error TN0605 [1] `nesterov` of `SGD` is `true` or `false`, found 1"),
        ("head { lr = -1 }", "error TN0605 [-1] `SGD` rejects `lr = -1`: invalid learning rate: -1.0"),
        (
            "head { dampening = 0.5; nesterov = true }",
            "error TN0605 [0.5] `SGD` rejects `dampening = 0.5`: nesterov momentum requires a momentum "
            "and zero dampening",
        ),
    ],
)  # fmt: skip
def test_values_that_an_optimizer_does_not_take(rule, fault):
    assert faults(rule) == [fault]


def test_an_option_of_another_optimizer_is_an_error_that_shows_where_this_one_is_chosen():
    ((diagnostic,),) = [resolved("head { betas = [0.9, 0.9] }")[1]]
    assert diagnostic.message == "`SGD` has no option `betas`"
    assert diagnostic.notes[0].span.text.startswith("SGD(")


def test_a_wrong_property_leaves_what_held_before_and_the_others():
    table, diagnostics = resolved('head { lr = 1 }\nhead { lr = "x"; momentum = 0.5 }')
    assert len(diagnostics) == 1
    assert table.options("head.bias")["lr"] == 1 and table.options("head.bias")["momentum"] == 0.5


def test_options_that_suit_each_other_only_together():
    table = table_of("head { nesterov = true; momentum = 0.8 }", optimizer="SGD(lr=0.1)")
    assert table.options("head.bias")["nesterov"] is True


def test_an_optimizer_that_cannot_take_a_parameter_says_which():
    assert faults("", optimizer="Muon(lr=0.02)") == [
        "error TN0802 [Muon(lr=0.02)] `Muon` cannot train `backbone.stem.bias` [6]: "
        "muon only supports 2D parameters whereas we found a parameter with size: torch.Size([6]) | "
        "another optimizer in `train`, and this one by a rule for what it suits: `:matrix { optimizer = … }`"
    ]
    table_of("", optimizer="Muon(lr=0.02)", net="net A(x: float[N, 3]) { head: Linear(2, bias=false) }")


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)
        self.b.weight = self.a.weight


def test_a_shared_tensor_has_all_its_names():
    it = net({"t": layer(Tied), "head": layer(nn.Linear, 3, 2)})
    choice = OptimizerChoice(torch.optim.SGD, {"lr": 1.0})
    table, diagnostics = resolve(it, [rule("t.a, t.b", lr=0.5), rule("t.b.bias", lr=0.25)], choice)
    assert not diagnostics
    assert list(table.parameters) == ["t.a.weight", "t.a.bias", "t.b.bias", "head.weight", "head.bias"]
    assert table.options("t.a.weight")["lr"] == 0.5 and len(groups(table)) == 3
    for rules in ([rule("t.b", lr=0.5)], [rule("t", lr=0.5), rule("t.a.weight", lr=0.25)]):
        ((found,),) = [resolve(it, rules, choice)[1]]
        assert found.code == "TN0604"
        assert found.message == "`t.a.weight` and `t.b.weight` are one tensor, and `lr` differs between them"


@pytest.mark.slow
def test_many_rules_over_many_parameters_take_little_time():
    import time

    children = {
        f"block{i}": module("block", "Pair", {f"a{j}": layer(nn.Linear, 2, 2) for j in range(10)}) for i in range(250)
    }
    given_rules = [rule(f"block{i}* :bias, Pair.a{i % 10}.weight", lr=0.1 * i, init=0.5) for i in range(50)]
    before = time.perf_counter()
    resolve(net(children), given_rules, OptimizerChoice(torch.optim.SGD, {"lr": 1.0}))
    assert time.perf_counter() - before < 0.3


def test_a_value_that_cannot_be_worked_out_is_reported_once():
    def fail(names):
        from tnet.diagnostics import error

        raise error("TN0305", "no such thing")

    it = net({"a": layer(nn.Linear, 2, 3)})
    broken = rule("a")
    broken = type(broken)(broken.selectors, (prop("lr", fail), prop("init", fail)), broken.span)
    _, diagnostics = resolve(it, [broken], OptimizerChoice(torch.optim.SGD, {"lr": 1.0}))
    assert [each.code for each in diagnostics] == ["TN0305", "TN0305"]
