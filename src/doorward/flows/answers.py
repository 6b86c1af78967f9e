"""What the engine answers: plain results, of which the API makes statuses, redirects and cookies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from doorward.errors import DoorwardError
from doorward.flows.continuity import Held
from doorward.flows.model import Flow
from doorward.sessions.model import Issued


class Why(Enum):
    """Why a form is shown."""

    STARTED = "started"
    FETCHED = "fetched"
    REJECTED = "rejected"  # submitted, and there is more to do: errors, or a further step
    CHALLENGED = "challenged"  # submitted, nothing is wrong, and there is a further step: 400 for JSON all the same
    REPLACED = "replaced"  # the one submitted had expired; this takes its place
    ADVANCED = "advanced"  # submitted, and nothing is wrong: the next step, or the success of a form that stays


@dataclass(frozen=True, slots=True)
class Shown:
    """A form: `body` for JSON clients, `page_url` (with the flow's id) for browsers."""

    why: Why
    flow: Flow
    body: Mapping[str, Any] = field(repr=False)
    page_url: str


@dataclass(frozen=True, slots=True)
class MovedOn:
    """A browser that need not do this (signed in already) goes to `location`."""

    location: str


@dataclass(frozen=True, slots=True)
class Navigate:
    """The browser has to load another page: 303 for pages, 422 `browser_location_change_required` for JSON clients.

    `is_plain`: 303 for everybody, because it answers a link that was followed.
    """

    location: str
    cookie: Issued | None = None
    csrf_cookie: str = field(default="", repr=False)
    is_plain: bool = False


@dataclass(frozen=True, slots=True)
class Reread:
    """The client shall fetch another flow of this kind: 303 to `/flows?id=` for JSON, to the form's page for browsers.

    Kratos does this in recovery and verification where other kinds answer 410 or 400. `problem` is what JSON clients
    are told instead. `is_plain`: everybody is sent to the page, because it answers a link that was followed.
    `goes_by_type`: a native client need not ask for JSON to be answered like one that does. `csrf_cookie` is the
    browser's next CSRF token, "" to keep the one it has.
    """

    flow: Flow
    page_url: str
    csrf_cookie: str = field(default="", repr=False)
    problem: DoorwardError | None = None
    is_plain: bool = False
    goes_by_type: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A plan has stored this flow already: it is shown as it is, without another write."""

    flow: Flow
    why: Why


@dataclass(frozen=True, slots=True)
class Done:
    """It is committed. `body` for JSON clients, `location` for browsers.

    `cookie` is the session to hand out as a cookie; `csrf_cookie` the browser's new CSRF token, "" to keep the old one;
    `continuity` what its cookie of paused steps says from now on, once for each time that it is set.
    """

    flow: Flow
    body: Mapping[str, Any] = field(repr=False)
    location: str
    cookie: Issued | None = None
    csrf_cookie: str = field(default="", repr=False)
    continuity: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True)
class SignInAgain:
    """The change waits for a fresh sign-in at `location`: 303 for pages, 403 `session_refresh_required` for others.

    `continuity` is what the browser's cookie says from now on.
    """

    location: str
    continuity: Held


@dataclass(frozen=True, slots=True)
class Diverted:
    """Something else comes first: browsers go to `location`, all others are told the problem."""

    flow: Flow
    problem: DoorwardError
    location: str


Answer = Shown | MovedOn | Navigate | Reread | SignInAgain | Diverted | Done
Concluded = Done | Navigate | Reread | SignInAgain | Diverted | Stored
