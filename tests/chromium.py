"""A real browser for the acceptance tests, and the two sizes of screen that they look at pages on."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESKTOP: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 320, "height": 640}


@contextmanager
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def a_page(*, size: ViewportSize = DESKTOP, has_scripts: bool = True) -> Iterator[Page]:
    """A page in a fresh browser that has nothing to complain about: no refused script or style, no error."""
    complaints: list[str] = []
    with browser() as chromium:
        context = chromium.new_context(viewport=size, java_script_enabled=has_scripts, color_scheme="dark")
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        yield page
    assert not complaints
