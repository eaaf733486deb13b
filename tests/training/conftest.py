"""Training in tests: on one thread, with caches of its own."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def small_machine(tmp_path_factory, monkeypatch, one_thread):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
