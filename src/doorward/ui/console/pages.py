"""Renders the console's templates with what every page of it shows: navigation, the time, how it stands open."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from doorward.clock import Clock
from doorward.ui.console.look import LINE_ICONS, LOOKS
from doorward.ui.console.moments import Moment, moment_of
from doorward.ui.render import Pages

SECTIONS = (
    ("overview", "/console/", "Overview"),
    ("deliveries", "/console/deliveries", "Deliveries"),
    ("people", "/console/people", "People"),
    ("destinations", "/console/destinations", "Destinations"),
)
WORDS: Mapping[int, tuple[str, str]] = {
    400: ("That cannot be read", "Something in the address or the form is not as it should be."),
    403: ("That form came from elsewhere", "Nothing was done. Open the page again and send it once more."),
    404: ("There is nothing here", "The address is wrong, or what it named is gone."),
    429: ("Too many wrong keys", "For a few minutes no key is looked at."),
    503: (
        "The database does not answer",
        "Nothing is lost: deliveries wait and go on by themselves. Try again shortly.",
    ),
}
ELSE = ("Something went wrong here", "It was logged. Deliveries go on; only this page could not be made.")


class ConsolePages:
    """One for the console."""

    def __init__(self, pages: Pages, clock: Clock, *, is_unlocked: bool, is_reachable: bool) -> None:
        """`is_unlocked`: no key is asked for; `is_reachable`: commands can open the database. Pages say so if not."""
        self._pages = pages
        self._clock = clock
        self._told = {"is_unlocked": is_unlocked, "is_reachable": is_reachable}

    def page(self, template: str, section: str, csrf: str | None, status: int = 200, **values: Any) -> Response:
        """A page for somebody who may look; `csrf` "" where nobody signed in, None on the pages before the door."""
        now = self._clock.now()

        def moment(at: datetime) -> Moment:
            return moment_of(at, now)

        chrome = {
            "sections": SECTIONS,
            "section": section,
            "csrf": csrf,
            "now": moment_of(now, now),
            "moment": moment,
            "looks": LOOKS,
            "line_icons": LINE_ICONS,
            **self._told,
        }
        return self._pages.page(f"console/{template}", status, **chrome, **values)

    def error(self, status: int, reason: str = "") -> Response:
        """A page that says what happened, and what it means for the data."""
        title, text = WORDS.get(status, ELSE)
        return self.page("error.html", "", None, status, title=title, text=text, reason=reason)
