"""What tests do in the browser of `conftest`: pages that listen to what they say and ask for, and pictures of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

SCREENSHOTS = Path(os.environ.get("TNET_SCREENSHOTS", Path(__file__).parents[1] / "build" / "screenshots"))
"""Where tests leave what they saw."""


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


def as_hex(colour: str) -> str:
    """`rgb(1, 2, 3)` as `#010203`."""
    return "#" + "".join(f"{int(part):02x}" for part in colour[4:-1].split(","))
