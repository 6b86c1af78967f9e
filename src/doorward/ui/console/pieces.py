"""/console/pieces, in development: each piece of the console in each state, to be looked at whenever one changes."""

from datetime import timedelta
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from doorward.clock import Clock
from doorward.outbox.states import State
from doorward.ui.console.commands import Commands
from doorward.ui.console.delivery import Step
from doorward.ui.console.door import Door, Guest
from doorward.ui.console.overview import Trouble
from doorward.ui.console.pages import ConsolePages

KINDS = ("ok", "wait", "bad", "none")
ID = "0193a5b0-7c41-7d51-9a52-4f0c7be1a001"


class PiecesScreen:
    """Not routed outside of development."""

    def __init__(self, door: Door, pages: ConsolePages, clock: Clock) -> None:
        self._door = door
        self._pages = pages
        self._clock = clock

    def routes(self) -> list[Route]:
        return [Route("/console/pieces", self._door.guarded(self.show), include_in_schema=False)]

    async def show(self, _request: Request, guest: Guest) -> Response:
        """Samples; nothing of them is real."""
        now = self._clock.now()
        commands = Commands((Path("/etc/doorward/doorward.yml"),))
        return self._pages.page(
            "pieces_page.html",
            "pieces",
            guest.csrf,
            id=ID,
            kinds=KINDS,
            states=[str(state) for state in State],
            times=[now - timedelta(seconds=5), now - timedelta(hours=3), now + timedelta(minutes=4)],
            commands=commands.for_dead(),
            troubles=[
                Trouble(
                    "bad",
                    "The destination crm is paused",
                    "HubSpot answered 401.",
                    commands.for_pause("destination", "crm"),
                ),
                Trouble(
                    "wait", "The oldest has waited for 20 min", "Is a dispatcher running?", (), "/console/deliveries"
                ),
            ],
            steps=[
                Step(now - timedelta(minutes=9), "clock", "none", "Queued: identity.created"),
                Step(
                    now - timedelta(minutes=8),
                    "again",
                    "wait",
                    "Try 1: failed (answer 502, 1,204 ms)",
                    "HubSpot is away.",
                    "POST …/batch/upsert",
                ),
                Step(
                    now - timedelta(minutes=4),
                    "cross",
                    "bad",
                    "Try 2: discarded (answer 400, 98 ms)",
                    "The value is refused.",
                ),
                Step(now, "tick", "ok", "Try 3: delivered (answer 200, 101 ms)"),
            ],
        )
