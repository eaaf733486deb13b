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


@pytest.fixture
def opened(browser):
    """`opened(path, width, scheme)`: a page, and all that it asked for or complained of."""
    pages = []

    def open_page(path, width=1250, scheme="light"):
        page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 900})
        told = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda problem: told.append(str(problem)))
        page.on("request", lambda request: told.append(request.url) if request.url[:5] not in ("file:", "data:") else 0)
        page.goto(path.resolve().as_uri())
        pages.append(page)
        return page, told

    yield open_page
    for page in pages:
        page.close()
