"""A headless Chromium for the tests of pages: the one of the system, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SCREENSHOTS = Path(os.environ.get("TNET_SCREENSHOTS", Path(__file__).parents[1] / "build" / "screenshots"))
"""Where tests leave what they saw."""


def executable() -> str | None:
    """The path of the system's Chromium, or of what CHROMIUM names."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(which, NAMES)), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    found = executable()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def open_page(browser: Any, address: str, scheme: str = "light") -> Any:
    """A page at an address. What its scripts print or raise is in its `.said`, what it asked a network for in
    `.asked`."""
    page = browser.new_context(color_scheme=scheme, viewport={"width": 1300, "height": 1000}).new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda problem: page.said.append(str(problem)))
    page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(address)
    return page


def screenshot(page: Any, name: str) -> Path:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    return SCREENSHOTS / f"{name}.png"
