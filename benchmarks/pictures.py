"""Pictures of nets: ResNet-152 as SVG, and how soon the live page of ResNet-50 follows a saved file."""

from __future__ import annotations

import http.client
import statistics
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any

import torch

from tnet.cli.live import Server
from tnet.cli.view import LOOK, View

from .scale import RESNET, check, say, seconds

ROUNDS = 7


def main() -> None:
    torch.set_num_threads(1)
    net = check(RESNET, depth=152)
    say("ResNet-152 as SVG", seconds(lambda: net.graph().svg(), 3), 2)
    say("ResNet-152 as one page", seconds(lambda: net.graph().html(), 3), 2)
    with tempfile.TemporaryDirectory() as folder:
        follow(Path(folder) / "resnet.tnet")


def follow(path: Path) -> None:
    """Save changed lines; the time to the event at the page, and to the picture in Chromium where there is one."""
    path.write_text(RESNET)
    given = {"spec": str(path), "settings": [], "params": [], "allow": [], "net": None, "depth": None}
    view = View(Namespace(**given))
    view.look()
    server = Server(0, view.page, view.news)
    ended = False

    def watch() -> None:
        while not ended:
            time.sleep(LOOK)
            view.look()

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        with events(server.port) as read:
            say("saved ResNet-50, told to the page", saved(path, lambda text: read()), 0.3)
        if found := which("chromium") or which("google-chrome"):
            say("saved ResNet-50, seen in Chromium", in_browser(found, server.address, path), 0.3)
    finally:
        ended = True
        watching.join()
        server.close()


def saved(path: Path, wait: Callable[[str], Any]) -> float:
    """The median time from saving another width to the end of `wait(width)`; the first is not counted."""
    taken = []
    for width in range(48, 48 + 8 * (ROUNDS + 1), 8):
        text = RESNET.replace("64, 7", f"{width}, 7")
        start = time.perf_counter()
        path.write_text(text)
        wait(f"{width}, 7")
        taken.append(time.perf_counter() - start)
        time.sleep(0.2)
    return statistics.median(taken[1:])


@contextmanager
def events(port: int) -> Iterator[Callable[[], bytes]]:
    """What reads the next event of the server."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/events")
    answer = connection.getresponse()

    def read() -> bytes:
        while not (line := answer.readline()).startswith(b"data: "):
            pass
        return line

    read()  # what is there already
    yield read
    connection.close()


def in_browser(executable: str, address: str, path: Path) -> float:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.wait_for_selector("html[data-version]")
        shows = "text => document.querySelector('[data-id=conv1]').textContent.includes(text)"
        taken = saved(path, lambda text: page.wait_for_function(shows, arg=text, polling=5))
        browser.close()
    return taken


if __name__ == "__main__":
    main()
