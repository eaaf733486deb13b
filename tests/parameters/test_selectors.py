"""What each part of a selector holds for, and what is said where it holds for nothing."""

import pytest
from specs_by_hand import NET, faults, program_of, table_of

from tnet.ir.program import Selector, SelectorPart
from tnet.parameters import Matcher
from tnet.source import Source


def selected(selector: str) -> list[str]:
    table = table_of(f"{selector} {{ lr = 1 }}")
    return list(table.matched(table.rules[0]))


def names(*endings: str) -> list[str]:
    return [name for name in table_of("").parameters if name.endswith(endings)]


def test_a_path_holds_for_a_parameter_and_for_all_under_a_module():
    assert selected("head.bias") == ["head.bias"]
    assert selected("backbone.layer1.1") == [name for name in names("") if name.startswith("backbone.layer1.1.")]
    assert selected("scale") == ["scale"]


def test_a_glob_crosses_dots_with_a_star_and_never_with_a_question_mark():
    assert selected("*.weight") == names(".weight")
    assert selected("*bn?") == names("bn1.weight", "bn1.bias", "bn2.weight", "bn2.bias")
    assert selected("backbone*bias") == [name for name in names("bias") if name.startswith("backbone")]
    assert faults("backbone?stem { lr = 1 }")[0].startswith("error TN0601")


def test_a_class_holds_by_isinstance_and_inside_the_layers_of_torch():
    linear = [name for name in names("") if "linear" in name or "out_proj" in name or "head" in name]
    assert selected("Linear") == linear
    assert selected("TransformerEncoderLayer") == [name for name in names("") if name.startswith("encoder.")]
    assert selected("MultiheadAttention.out_proj.weight") == ["encoder.self_attn.out_proj.weight"]


def test_a_block_and_a_path_under_it():
    assert selected("Basic") == [name for name in names("") if name.startswith("backbone.layer1.")]
    assert selected("Basic.bn?.weight") == [name for name in names("bn1.weight", "bn2.weight")]
    assert selected("Basic.conv1") == names("conv1.weight")
    assert selected("Small") == names("")


def test_categories():
    assert selected(":bias") == names("bias")
    assert selected(":norm") == [name for name in names("") if ".bn" in name or ".norm" in name]
    assert selected(":embedding") == ["embed.weight"]
    assert set(selected(":vector")) | set(selected(":matrix")) == {
        name for name, site in table_of("").parameters.items() if len(site.shape) <= 2
    }
    assert "scale" in selected(":matrix")


def test_parts_all_hold_and_commas_add():
    assert selected("backbone :norm :bias") == [n for n in names("bias") if n.startswith("backbone") and ".bn" in n]
    assert selected("head, Embedding, scale") == ["scale", "embed.weight", "head.weight", "head.bias"]


def test_bias_is_the_last_name_or_a_part_of_it():
    net = "net A(x: float[N, 3]) { parameter bias_k: float[3] = zeros; parameter q_bias: float[3] = zeros"
    net += "; parameter biased: float[3] = zeros; x = x + bias_k + q_bias + biased }"
    table = table_of(":bias { lr = 1 }", net=net)
    assert table.matched(table.rules[0]) == ("bias_k", "q_bias")


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ("haed { lr = 1 }", "error TN0601 [haed] `haed` matches nothing in `Small` | did you mean `head`?"),
        (
            "Conv2D.weight { lr = 1 }",
            "error TN0601 [Conv2D.weight] no class, block or submodule is called `Conv2D` | "
            "did you mean `Conv2d.weight`?",
        ),
        (
            "Basic.bn3.weight { lr = 1 }",
            "error TN0601 [Basic.bn3.weight] no `Basic` of this net has `bn3.weight` | "
            "did you mean `bn1.weight` or `bn2.weight`?",
        ),
        (":nrom { lr = 1 }", "error TN0601 [:nrom] there is no category `:nrom` | did you mean `:norm`?"),
        ("*.foo { lr = 1 }", "error TN0601 [*.foo] `*.foo` matches nothing in `Small` | the net's own parts are "
         "`backbone`, `embed`, `encoder`, `head`, `scale`; `*` crosses dots"),
    ],
)  # fmt: skip
def test_what_matches_nothing(rule, fault):
    assert faults(rule) == [fault]


def unmatched(rule: str, **kwargs: str) -> list[str]:
    """What of a rule matches nothing without being wrong; the lint TN1022 tells it."""
    assert faults(rule, **kwargs) == []
    return [f"[{span.text}] {message}" for message, span in table_of(rule, **kwargs).matcher.unmatched]


def test_a_known_class_or_category_that_matches_nothing_is_only_a_lint():
    assert unmatched("Unused { lr = 1 }") == ["[Unused] this net has no `Unused`"]
    assert unmatched("LSTM { lr = 1 }") == ["[LSTM] this net has no `LSTM`"]
    assert unmatched("ReLU { lr = 1 }") == ["[ReLU] this net has no `ReLU`"]
    assert unmatched("head :norm { lr = 1 }") == ["[head :norm] no parameter meets all of `head :norm`"]


def test_a_layer_without_the_parameter_that_it_could_have_is_only_a_lint():
    net = "net A(x: float[N, 3, 8, 8]) { Conv2d(3, 1, bias=false); relu: ReLU; Dropout(0.1) }"
    found = ["[Conv2d.bias] no `Conv2d` of this net has parameters at `bias`"]
    assert unmatched("Conv2d.bias { lr = 1 }", net=net) == found
    assert faults("relu { lr = 1 }", net=net) == ["error TN0601 [relu] `relu` has no parameters"]
    found = ["[Dropout] no `Dropout` of this net has parameters"]
    assert unmatched("Dropout, Conv2d { lr = 1 }", net=net) == found
    assert unmatched(":embedding { lr = 1 }", net=net) == ["[:embedding] no parameter of this net is `:embedding`"]


def test_a_part_that_is_both_class_and_path_is_an_error():
    net = "net A(x: float[N, 3]) { Linear: Linear(2) }"
    assert faults("Linear { lr = 1 }", net=net) == [
        "error TN0603 [Linear] `Linear` is both a class and a path of this net | "
        "give the submodule `Linear` another label"
    ]


def test_modules_are_selected_too_the_outermost_where_asked():
    matcher = Matcher(program_of(NET).net(), ("Basic",))
    parts = [SelectorPart(text, Source("", text).span(0, len(text))) for text in ("backbone", "Basic")]
    selection = matcher.select(Selector(tuple(parts), parts[0].span))
    assert not matcher.unmatched
    assert matcher.sites.outermost_modules(selection) == ["backbone.layer1.0", "backbone.layer1.1"]
    assert list(matcher.sites.parameter_names(selection)) == selected("backbone Basic")
