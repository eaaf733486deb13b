"""What cannot be exported says so."""

from __future__ import annotations

import pytest

from tnet.cli.main import main


@pytest.mark.parametrize("ending", ["onnx", "pt2"])
def test_a_net_of_random_depth_has_no_graph_to_export(tmp_path, capsys, ending):
    """M13"""
    spec = tmp_path / "a.tnet"
    spec.write_text("net A(v: float[N, 4]) { repeat randint(0, 4) shared { Linear(4) } }\n")
    assert main(["build", str(spec), "-o", f"{tmp_path}/a.{ending}"]) == 1
    err = capsys.readouterr().err
    assert "a.tnet:1:25: error[TN0206]: `A` cannot be exported" in err and "drawn anew at each pass" in err
