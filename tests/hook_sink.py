"""A target of web_hooks on a free port: takes any method, notes what arrives, answers as a test programmed it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from running import until


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request. Header names are in lower case, each with all its values."""

    name: str
    method: str
    headers: dict[str, list[str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HookSink:
    """`answers` maps the last part of a path to a status and a JSON value (None: an empty body); else 200 and `{}`."""

    port: int = 0
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/hook/{name}"

    def take(self, count: int) -> list[Arrived]:
        """What has come, once there are so many; the next call begins anew."""
        until(f"{count} web_hooks", lambda: len(self.arrived) >= count)
        taken, self.arrived = self.arrived, []
        return taken


@contextmanager
def running_sink() -> Iterator[HookSink]:
    """A sink that serves until the block ends."""
    sink = HookSink()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(sink))
    server.daemon_threads = True
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(sink: HookSink) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): self.headers.get_all(name, []) for name in self.headers}
            name = self.path.rpartition("/")[2]
            sink.arrived.append(Arrived(name, self.command, headers, body))
            status, value = sink.answers.get(name, (200, {}))
            data = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.answer
            raise AttributeError(name)

        def log_message(self, *_: Any, **__: Any) -> None:
            return

    return Handler
