"""`tnet check --gradcheck`."""

from __future__ import annotations

from tnet.cli.main import main

SQUARED = """
autograd Squared()(v) { forward { return v * v } backward(grad) { return GRADIENT } }
autograd Unused()(v) { forward { return v } backward(grad) { return grad } }
net Squares(v: float[N, 3]) { Squared }
"""


def check(capsys, folder, *options) -> tuple[int, str, str]:
    code = main(["check", str(folder / "squares.tnet"), *options])
    return code, *capsys.readouterr()


def test_gradcheck_says_what_was_tested(tmp_path, capsys):
    """M14: `check --gradcheck`."""
    (tmp_path / "squares.tnet").write_text(SQUARED.replace("GRADIENT", "2 * grad * v"))
    code, out, err = check(capsys, tmp_path, "--gradcheck")
    assert code == 0 and not err
    assert "gradient of `Squared` agrees with finite differences at `v` float64[2, 3]" in out
    assert "`Unused` was not tested" in out


def test_a_wrong_gradient_is_an_error(tmp_path, capsys):
    (tmp_path / "squares.tnet").write_text(SQUARED.replace("GRADIENT", "grad * v"))
    assert check(capsys, tmp_path)[0] == 0
    code, out, _ = check(capsys, tmp_path, "--gradcheck", "--format", "concise")
    assert code == 1 and out.startswith(
        f"{tmp_path / 'squares.tnet'}:2:74: error[TN0407]: the gradient of `Squared` for `v`"
    )
