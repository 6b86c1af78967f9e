"""The simulator in the test's own process and on the test's clock: real HTTP, and hours that pass at once.

What the simulator does is its own; this owns its time, its door, and when a client that waits for it gives up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import uvicorn

from doorward.clock import MovableClock
from doorward.connectors.hubspot.transport import CALL_TIMEOUT_S
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.security.outgoing import EgressTimeout, OutgoingRequest, OutgoingResponse
from portalsim.app import build
from portalsim.clock import VirtualClock
from portalsim.door import Door
from portalsim.portal import Account, Portal, open_portal
from portalsim.server import CuttableProtocol, listen

SEED = 7
PLAN = "free"
ZONE = "America/New_York"
OTHERS_TURNS = 50
"""So many rounds of the loop a slow answer leaves to calls that could come meanwhile."""


class SharedClock(VirtualClock):
    """The simulator's clock when it is the dispatcher's: whoever moves one has moved both."""

    def __init__(self, clock: MovableClock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def advance(self, seconds: float) -> None:
        self._clock.move(seconds=seconds)


class Stalls:
    """Slow answers on the shared clock. A call that would outlast the client's patience waits until the client is gone.

    It then goes on: what HubSpot does with a call whose caller has left is done late, as in a real outage.
    """

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._spent_s: dict[asyncio.Task[object], float] = {}
        self.outlasted = asyncio.Event()
        self._gone = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """The portal's `sleep`."""
        task = asyncio.current_task()
        assert task is not None
        spent_s = self._spent_s.get(task, 0.0)
        if spent_s >= CALL_TIMEOUT_S:
            return
        self._spent_s[task] = min(CALL_TIMEOUT_S, spent_s + seconds)
        self._clock.move(seconds=self._spent_s[task] - spent_s)
        if self._spent_s[task] >= CALL_TIMEOUT_S:
            self.outlasted.set()
            await self._gone.wait()
        for _ in range(OTHERS_TURNS):
            await asyncio.sleep(0)

    def leave(self) -> None:
        """The client has hung up."""
        self.outlasted.clear()
        self._gone.set()

    def reset(self) -> None:
        self._spent_s.clear()
        self.outlasted.clear()
        self._gone.clear()


class Meeting:
    """Where a call waits for another one, once it was asked to."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self._is_asked = False

    def ask(self) -> None:
        self.reached.clear()
        self.go.clear()
        self._is_asked = True

    async def wait(self) -> None:
        if self._is_asked:
            self._is_asked = False
            self.reached.set()
            await self.go.wait()


class ImpatientEgress(Egress):
    """The real way out; its time-out comes on the shared clock instead of after half a minute of a developer's life."""

    def __init__(self, stalls: Stalls) -> None:
        super().__init__(EgressPolicy(allow_private=True))
        self._stalls = stalls
        self.meeting = Meeting()

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        await self.meeting.wait()
        sending = asyncio.create_task(super().send(request, trusted=trusted))
        outlasted = asyncio.create_task(self._stalls.outlasted.wait())
        try:
            await asyncio.wait({sending, outlasted}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                return sending.result()
        finally:
            for each in (sending, outlasted):
                each.cancel()
            await asyncio.gather(sending, outlasted, return_exceptions=True)
        self._stalls.leave()
        raise EgressTimeout(f"HubSpot did not answer within {CALL_TIMEOUT_S:g} s.", sent=True)


@dataclass(frozen=True)
class NearbyPortal:
    """A simulated portal that listens on `url`."""

    portal: Portal
    url: str
    server: uvicorn.Server
    door: Door
    stalls: Stalls

    async def reset(self) -> None:
        """An empty portal with the plan's whole budget, behind an open door."""
        self.portal.reset(SEED)
        self.stalls.reset()
        await self.door.open()

    async def at_rest(self) -> None:
        """Comes back when the simulator has ended every call, those whose caller has left too."""
        while self.server.server_state.tasks:  # noqa: ASYNC110 - the portal tells nobody when a call is over
            await asyncio.sleep(0)


@asynccontextmanager
async def nearby_portal(clock: MovableClock) -> AsyncIterator[NearbyPortal]:
    """Listens on a free port for as long as the block runs."""
    portal = open_portal("memory", Account(time_zone=ZONE), SEED, PLAN)
    portal.clock = SharedClock(clock)
    stalls = Stalls(clock)
    portal.sleep = stalls.sleep
    config = uvicorn.Config(
        build(portal),
        http=CuttableProtocol,
        log_level="critical",  # a lost answer is an error to uvicorn
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    config.load()
    server = uvicorn.Server(config)
    server.servers = []
    first = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    first.close()
    door = Door(
        server,
        lambda: listen("127.0.0.1", port),
        lambda: CuttableProtocol(config=config, server_state=server.server_state, app_state={}),
    )
    await door.open()
    try:
        yield NearbyPortal(portal, f"http://127.0.0.1:{port}", server, door, stalls)
    finally:
        door.close()
