"""Ory's clients from npm, built once per run: `npm ci` from the lock file, types checked, two bundles.

They are others' programs: only tests use them, and a machine without npm or without its registry says so.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

SOURCES = Path(__file__).parent / "clients"
FILES = ("package.json", "package-lock.json", "tsconfig.json", "app.tsx", "walk.ts")
REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);'
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Ory elements</title>
<link rel="stylesheet" href="/app.css"></head><body><div id="root"></div>
<script>window.SERVER = "%s"</script><script src="/app.js"></script></body></html>"""


def built(folder: Path) -> Path:
    """The folder with `walk.mjs`, `app.js` and `app.css`. Skips where npm or its registry cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs Node.js: apt-get install nodejs npm")
    for name in FILES:
        shutil.copy(SOURCES / name, folder / name)
    install = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(install, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        pytest.skip(f"npm could not install Ory's clients: {done.stderr[-400:]}")
    bundle = ["--bundle", "--log-level=error"]
    run(folder, "tsc", "-p", ".")
    platform = ["--platform=node", "--format=esm", "--outfile=walk.mjs", f"--banner:js={REQUIRE}"]
    run(folder, "esbuild", "walk.ts", *bundle, *platform)
    browser = ["--jsx=automatic", "--minify", "--outfile=app.js", '--define:process.env.NODE_ENV="production"']
    run(folder, "esbuild", "app.tsx", *bundle, *browser)
    return folder


def run(folder: Path, program: str, *arguments: str) -> str:
    """One of the installed programs; its output is the failure's text."""
    command = [str(folder / "node_modules/.bin" / program), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def walked(folder: Path, public: str, admin: str) -> str:
    """What `walk.mjs` printed; it fails at the first step that is not as it should be."""
    command = ["node", "walk.mjs", public, admin]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class ElementsSite(SimpleHTTPRequestHandler):
    """The bundle at its names, the one page at every other path."""

    def __init__(self, *arguments: object, folder: Path, server_url: str) -> None:
        self._page = (PAGE % server_url).encode()
        super().__init__(*arguments, directory=str(folder))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        if self.path.startswith("/app."):
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(self._page)))
        self.end_headers()
        self.wfile.write(self._page)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 -- the base class names it so
        """Quiet."""


@contextmanager
def elements_site(folder: Path, port: int, server_url: str) -> Iterator[None]:
    """Serves the elements on a port while the block runs."""
    handler = partial(ElementsSite, folder=folder, server_url=server_url)
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as site:
        thread = Thread(target=site.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            site.shutdown()
            thread.join()
