"""Training in tests: on one thread, with caches of its own."""

from __future__ import annotations

import pytest
import torch
from small_specs import trained
from stopped_runs import EVERYTHING, Stops


@pytest.fixture(autouse=True)
def small_machine(tmp_path_factory, monkeypatch, one_thread):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def stops(monkeypatch):
    return Stops(monkeypatch)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The run that never stopped."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    run = trained(tmp_path_factory.mktemp("whole") / "run", text=EVERYTHING)
    torch.set_num_threads(threads)
    return run
