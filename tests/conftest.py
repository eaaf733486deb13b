"""Shared by all tests: golden files that one flag rewrites, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write what comes out as what must come out")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """`golden(path, text)`: text must be what the file holds; with --rewrite-golden the file is written."""

    def check(path: Path, text: str) -> None:
        if request.config.getoption("--rewrite-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing; run pytest --rewrite-golden and read what it writes"
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, the system's own, driven by Playwright (https://playwright.dev/python); skips where there is none.

    Of a module, not of the session: what is forked while it is there, as loader workers are, keeps its pipes open, and
    closing it then waits for them.
    """
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
