"""`# tnet: allow(…)`: a comment silences a lint, and one that silences nothing is told."""

from __future__ import annotations

import pytest
from lint_specs import net, told

WRONG = "Linear(4)\nBatchNorm1d"
"""A bias before a batch norm: TN1004 at `Linear(4)`."""


@pytest.mark.parametrize(
    "comment",
    [
        "# tnet: allow(TN1004)",
        "#tnet:allow( TN1004 )",
        "# tnet: allow(TN1004)\n# because it was so in the paper",
        "# because it was so in the paper\n# tnet: allow(TN1004)",
        "# tnet: allow(TN1004, TN1001, TN1023)",
    ],
)
def test_a_comment_above_silences(comment):
    assert told(net(f"{comment}\n{WRONG}")) == []


def test_a_comment_at_the_end_of_the_line_silences():
    assert told(net("Linear(4)  # tnet: allow(TN1004)\nBatchNorm1d")) == []


def test_several_codes_each_silence_their_own():
    text = net("# tnet: allow(TN1004, TN1020)\nLinear(4); BatchNorm1d(4)")
    assert told(text) == []
    assert told(text.replace("TN1004, ", "")) == ["TN1004 Linear(4)"]


def test_only_the_line_below_is_meant():
    assert told(net(f"# tnet: allow(TN1004)\n\n{WRONG}")) == ["TN1023 TN1004", "TN1004 Linear(4)"]
    assert told(net(f"# tnet: allow(TN1004)\n{WRONG}\n{WRONG}")) == ["TN1004 Linear(4)"]


@pytest.mark.parametrize(
    ("comment", "marked", "help"),
    [
        ("# tnet: allow(TN1003)", "TN1003", "remove it"),
        ("# tnet: allow(TN1O22)", "TN1O22", "did you mean `TN1022`?"),
        ("# tnet: allow(E501)", "E501", "lints are TN1001 to TN1023"),
        (
            "# tnet: ignore(TN1004)",
            "# tnet: ignore(TN1004)",
            "write `# tnet: allow(TN1004)`, with the codes to silence",
        ),
        ("# tnet: allow()", "# tnet: allow()", "write `# tnet: allow(TN1004)`, with the codes to silence"),
    ],
)
def test_what_silences_nothing_is_told(comment, marked, help):
    from lint_specs import found

    (problem,) = found(net(f"{comment}\nLinear(4)"))
    assert (problem.code, problem.span.text, problem.help) == ("TN1023", marked, help)


def test_other_comments_are_no_directives():
    assert told(net("# tnet train this.tnet\n# allow(TN1004)\nLinear(4)  # tnet")) == []


def test_a_code_for_another_value_of_a_hyper_parameter_may_stay():
    text = "hyper norm = true\n" + net("# tnet: allow(TN1004, TN1023)\nLinear(4)\nif norm { BatchNorm1d }")
    assert told(text) == told(text, norm=False) == []
    assert told(text.replace(", TN1023", ""), norm=False) == ["TN1023 TN1004"]
