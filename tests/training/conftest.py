"""Training in tests: on one thread, with caches of its own."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def small_machine(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
