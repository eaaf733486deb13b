"""The live page: what it answers to whom, what follows a change, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.browser import open_page, screenshot
from tnet.cli.live import News, Server
from tnet.cli.main import main
from tnet.cli.view import View

SPEC = "net A(v: float[N, 4]) -> float[N, 2] {\n  Linear(8)\n  relu\n  head: Linear(2)\n}\n"


def view_of(path: Path, **given) -> View:
    options = {"spec": str(path), "settings": [], "params": [], "allow": [], "net": None, "depth": None, **given}
    return View(Namespace(**options))


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "a.tnet"
    path.write_text(SPEC)
    return path


def names(view: View) -> list[str]:
    """The boxes of the page's picture."""
    return [item["what"] for item in view.good["root"]["items"]]


def test_the_page_follows_the_file(file):
    view = view_of(file)
    view.look()
    assert view.news.version == 1 and names(view)[1:3] == ["Linear", "relu"]
    view.look()
    assert view.news.version == 1
    file.write_text(SPEC.replace("relu", "tanh"))
    view.look()
    assert view.news.version == 2 and names(view)[1:3] == ["Linear", "tanh"]
    assert view.news.latest["text"] == "" and not view.news.latest["errors"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (SPEC.replace("relu", "rellu"), "unknown layer or function `rellu`"),
        ("net A(", "error[TN01"),
        (SPEC.replace("relu", "Conv2d(3, 3)"), "Conv2d"),
        ("", "this spec is empty"),
        ("block B { relu }\n", "no main net"),
        ("\0", "not a text file"),
    ],
)
def test_an_error_keeps_the_last_good_picture(file, text, says):
    view = view_of(file)
    view.look()
    before = view.good
    file.write_text(text)
    view.look()
    latest = view.news.latest
    assert view.good is before and latest["errors"] and "data" not in latest and says in latest["text"]
    file.write_text(SPEC)
    view.look()
    assert not view.news.latest["errors"] and view.news.latest["data"]


def test_a_file_that_is_gone_and_comes_back(file):
    view = view_of(file)
    view.look()
    file.unlink()
    view.look()
    assert view.news.latest["errors"] and "no such file" in view.news.latest["text"]
    file.write_text(SPEC)
    view.look()
    assert not view.news.latest["errors"]


def test_a_file_that_another_is_put_in_place_of(file):
    """As editors save."""
    view = view_of(file)
    view.look()
    beside = file.with_suffix(".tmp")
    beside.write_text(SPEC.replace("relu", "tanh"))
    os.replace(beside, file)
    view.look()
    assert view.news.version == 2 and names(view)[2] == "tanh"


def test_a_spec_that_is_wrong_from_the_start(file, browser):
    file.write_text("net A(v: float[N, 4) {")
    view = view_of(file)
    view.look()
    served = Server(0, view.page, view.news)
    try:
        pages = [open_page(browser, served.address) for _ in range(2)]
        for page in pages:
            page.wait_for_selector("html[data-version='1']")
            assert "1 error" in page.locator("#state").inner_text() or "errors" in page.locator("#state").inner_text()
            assert "TN0102" in page.locator("#diagnostics").inner_text() and page.locator("#graph .box").count() == 0
        view.warm_up()
        assert not view.good and view.news.version == 1
        file.write_text(SPEC)
        view.look()
        for page in pages:
            page.wait_for_selector("[data-id='head']")
            assert not page.locator("#diagnostics").is_visible() and page.said == []
    finally:
        served.close()


def test_lints_are_told_and_stop_nothing(file):
    file.write_text(f"hyper unused = 1\n{SPEC}")
    view = view_of(file)
    view.look()
    assert "warning[TN10" in view.news.latest["text"] and view.news.latest["data"]


def test_imported_specs_are_watched(tmp_path, file):
    (tmp_path / "deep.tnet").write_text("block Deep { relu }\n")
    (tmp_path / "piece.tnet").write_text('from "deep.tnet" import Deep\nblock Piece { Linear(3); Deep }\n')
    file.write_text('from "piece.tnet" import Piece\nnet A(v: float[N, 4]) { p: Piece }\n')
    view = view_of(file)
    view.look()
    assert [source["name"] for source in view.good["sources"]] == ["a.tnet", "piece.tnet", "deep.tnet"]
    (tmp_path / "deep.tnet").write_text("block Deep { tanh; tanh }\n")
    view.look()
    assert view.news.version == 2 and '"tanh"' in json.dumps(view.good)
    (tmp_path / "piece.tnet").write_text("block Piece {")
    view.look()
    assert view.news.latest["errors"] and "piece.tnet" in view.news.latest["text"]


def test_parameter_files_and_settings_count(tmp_path, file):
    file.write_text("hyper width = 8\n" + SPEC.replace("Linear(8)", "Linear(width)"))
    values = tmp_path / "values.yaml"
    values.write_text("width: 16\n")
    view = view_of(file, params=[str(values)])
    view.look()
    assert view.good["root"]["items"][1]["detail"] == "16"
    values.write_text("width: 32\n")
    view.look()
    assert view.good["root"]["items"][1]["detail"] == "32"


@pytest.fixture
def server() -> Iterator[Server]:
    news = News()
    news.publish({"text": "", "errors": False, "where": "", "data": {"root": 1}})
    found = Server(0, lambda: "<!doctype html>page", news)
    yield found
    found.close()


def ask(server: Server, path: str = "/", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.putrequest("GET", path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    return connection.getresponse()


def test_only_this_machine_is_answered(server):
    assert server.server_address[0] == "127.0.0.1"
    own, port = f"127.0.0.1:{server.port}", server.port
    assert ask(server).read() == b"<!doctype html>page"
    assert ask(server, Host=f"localhost:{port}", Origin=f"http://localhost:{port}").status == 200
    refused = [
        {"Host": "evil.example"}, {"Host": f"evil.example:{port}"}, {"Host": "127.0.0.1"}, {"Host": ""},
        {"Host": own, "Origin": "http://evil.example"}, {"Host": own, "Origin": "null"},
        {"Host": own, "Origin": f"https://{own}"}, {"Host": own, "Sec_Fetch_Site": "cross-site"},
        {"Host": own, "Sec_Fetch_Site": "same-site"},
    ]  # fmt: skip
    for headers in refused:
        for path in ("/", "/events"):
            assert ask(server, path, **headers).status == 403, headers
    assert ask(server, "/../etc/passwd").status == 404


def test_news_come_as_events(server):
    answer = ask(server, "/events")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.readline() == b"event: spec\n"
    assert json.loads(answer.readline().removeprefix(b"data: "))["version"] == 1
    answer.readline()
    server.news.publish({"text": "wrong\nin two lines", "errors": True, "where": "1 error"})
    answer.readline()
    assert json.loads(answer.readline().removeprefix(b"data: "))["text"] == "wrong\nin two lines"
    server.news.end()
    assert answer.read().strip() == b""


def test_a_reader_that_goes_disturbs_nobody(server):
    for _ in range(3):
        ask(server, "/events").close()
    server.news.publish({})
    assert ask(server).status == 200


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-"], 2, "stdin is none"),
        (["a.tnet", "--port", "x"], 2, "`x` is no port"),
        (["a.tnet", "--port", "70000"], 2, "`70000` is no port"),
        (["a.tnet", "--depth", "-2"], 2, "no number of blocks"),
        (["missing.tnet"], 4, "there is no such file"),
        (["a.tnet", "width"], 2, "width"),
    ],
)
def test_misuse(file, monkeypatch, capsys, arguments, code, words):
    monkeypatch.chdir(file.parent)
    assert main(["view", *arguments]) == code
    assert words in capsys.readouterr().err


def test_a_port_that_is_taken(file, monkeypatch, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["view", str(file), "--port", str(taken.getsockname()[1])]) == 4
    assert "address already in use" in capsys.readouterr().err


def test_it_ends_cleanly_by_ctrl_c(file):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tnet", "view", str(file), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:") and line.endswith("Ctrl-C ends it\n")
        port = int(line.split(":")[2].split("/")[0])
        reader = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        reader.request("GET", "/events")
        reader.getresponse().readline()  # one that still waits for news
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()


def test_the_open_page_follows(file, browser):
    """In a browser: the picture changes with the file, stays while the spec is wrong, and says what is wrong."""
    view = view_of(file)
    view.look()
    served = Server(0, view.page, view.news)
    try:
        page = open_page(browser, served.address)
        page.wait_for_selector("html[data-version='1']")
        page.locator("[data-id='head'] rect").hover()
        for text in (SPEC.replace("relu", "tanh"), SPEC.replace("relu", "<script>alert(1)</script>")):
            file.write_text(text)
            view.look()
            page.wait_for_selector(f"html[data-version='{view.news.version}']")
        assert page.locator("[data-id='tanh']").is_visible() and page.locator("body.stale").count() == 1
        assert "error[TN" in page.locator("#diagnostics").inner_text()
        assert "last good" in page.locator("#state").inner_text()
        screenshot(page, "view-error")
        file.write_text(SPEC)
        view.look()
        page.wait_for_selector("[data-id='relu']")
        assert not page.locator("#diagnostics").is_visible() and page.said == []
        assert {address.rpartition("/")[0] for address in page.asked} == {served.address.rstrip("/")}
        served.close()
        page.wait_for_function("document.getElementById('state').textContent.includes('ended')")
    finally:
        served.close()
