"""Trained runs, each once for all tests of this folder."""

from __future__ import annotations

import pytest
import torch
from report_runs import train


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """`runs(name)`: the folder of a run of one of `SPECS`, which no test may change."""
    folder = tmp_path_factory.mktemp("runs")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def path(name):
        if not (folder / name).exists():
            train(name, folder / name)
        return folder / name

    yield path
    torch.set_num_threads(threads)
