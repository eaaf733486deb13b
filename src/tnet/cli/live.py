"""The server of `tnet view`: one page, and the news of it as server-sent events, for this machine alone.

It listens on the loopback interface, and refuses what another name or another page asks, so that no web site that the
user visits can read the spec through the browser (DNS rebinding, cross-origin reads).
Events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

HOST = "127.0.0.1"
ALIVE = 15.0
"""Seconds after which a silent connection is written to, so that one that is gone is noticed."""


class News:
    """The latest state of the page, which threads wait for."""

    def __init__(self) -> None:
        self.version = 0
        self.latest: dict[str, Any] = {}
        self._changed = Condition()
        self._ended = False

    def publish(self, state: dict[str, Any]) -> None:
        with self._changed:
            self.version += 1
            self.latest = state | {"version": self.version}
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[dict[str, Any] | None]:
        """The latest state, then each new one; None where nothing is new for `ALIVE` seconds."""
        seen = 0
        while not self._ended:
            with self._changed:
                self._changed.wait_for(lambda seen=seen: self._ended or self.version > seen, ALIVE)
                state, new = self.latest, self.version > seen
            if not self._ended:
                seen = state.get("version", 0)
                yield state if new else None


class Server(ThreadingHTTPServer):
    """Serves `page()` at `/` and the news at `/events`. Raises OSError where the port is taken."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, page: Callable[[], str], news: News):
        super().__init__((HOST, port), Handler)
        self.page = page
        self.news = news
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def allows(self, host: str | None, origin: str | None, site: str | None) -> bool:
        """Whether a request is for this server by a name of this machine, and by no page but its own."""
        names = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        own = {f"http://{name}" for name in names}
        return host in names and (origin is None or origin in own) and site in (None, "none", "same-origin")

    def close(self) -> None:
        self.news.end()
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = (self.headers.get(name) for name in ("Host", "Origin", "Sec-Fetch-Site"))
        if not self.server.allows(*asked):
            return self._answer(HTTPStatus.FORBIDDEN, "text/plain", "this page is for this machine alone\n")
        if self.path == "/":
            return self._answer(HTTPStatus.OK, "text/html", self.server.page())
        if self.path == "/events":
            return self._tell()
        self._answer(HTTPStatus.NOT_FOUND, "text/plain", "there is only /\n")

    def _answer(self, status: HTTPStatus, kind: str, text: str) -> None:
        content = text.encode()
        self._head(status, kind, {"Content-Length": str(len(content))})
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        common = {"Content-Type": f"{kind}; charset=utf-8", "Cache-Control": "no-store",
                  "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
                  "Cross-Origin-Resource-Policy": "same-origin"}  # fmt: skip
        for name, value in (common | more).items():
            self.send_header(name, value)
        self.end_headers()

    def _tell(self) -> None:
        self._head(HTTPStatus.OK, "text/event-stream", {"Connection": "close"})
        self.close_connection = True
        try:
            for state in self.server.news:
                event = ": alive\n\n" if state is None else f"event: spec\ndata: {json.dumps(state)}\n\n"
                self.wfile.write(event.encode())
                self.wfile.flush()
        except OSError:  # the reader has gone
            pass

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are nothing to tell of."""
