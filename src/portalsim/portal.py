"""The whole state of one simulated portal, handed to every endpoint; and its reset."""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from zoneinfo import ZoneInfo

from portalsim.catalogue import Catalogue
from portalsim.clock import VirtualClock
from portalsim.counters import Counters
from portalsim.database import Database
from portalsim.faults.model import Faults
from portalsim.journal import Journal
from portalsim.ledger import Ledger
from portalsim.limits import PLANS, Limits, Plan
from portalsim.switches import Switches, UnknownSwitch
from portalsim.tokens import Tokens

SWITCHES, SETTINGS = "switch", "setting"


@dataclass(frozen=True, slots=True)
class Account:
    """Who the portal is. `hosting` na1 or eu1."""

    portal_id: int = 62515000
    hosting: str = "na1"
    time_zone: str = "UTC"
    account_type: str = "STANDARD"

    @property
    def ui_domain(self) -> str:
        return "app-eu1.hubspot.com" if self.hosting == "eu1" else "app.hubspot.com"


@dataclass(slots=True)
class Portal:
    """Mutable on purpose: it is the simulated world. `required` are the portal's own rules (2026-09 enforces them);
    `shut_door` refuses connections for some seconds, and is None where there is no server. `sleep` is how slow answers
    wait: on the machine's clock, unless a test lets hours pass."""

    database: Database
    account: Account
    seed: int
    clock: VirtualClock
    rng: random.Random
    catalogue: Catalogue
    tokens: Tokens
    ledger: Ledger
    switches: Switches
    limits: Limits
    faults: Faults
    store_name: str = "memory"
    shut_door: Callable[[float], None] | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    counters: Counters = field(default_factory=Counters)
    journal: Journal = field(default_factory=Journal)
    required: tuple[str, ...] = ()
    calls_in_flight: int = 0
    highest_id: int = 0

    def new_uuid(self) -> str:
        """From the seed, so that two runs agree."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def next_id(self) -> int:
        """Increasing, with gaps."""
        self.highest_id += self.rng.randint(1, 60)
        return self.highest_id

    def flip(self, name: str, value: str) -> None:
        """Sets a switch and keeps it over restarts. Raises UnknownSwitch."""
        self.switches.flip(name, value)
        self.database.save(SWITCHES, name, {"value": value})

    def set_plan(self, plan: Plan) -> None:
        """Kept over restarts."""
        self.limits.plan = plan
        self.database.save(SETTINGS, "limits", asdict(plan))

    def require(self, names: tuple[str, ...]) -> None:
        """The portal's rule: a contact has to have these."""
        self.required = names
        self.database.save(SETTINGS, "required", {"value": list(names)})

    def reset(self, seed: int | None = None) -> None:
        """Back to an empty portal: data, ledger, tokens, switches, faults, clock, quota. The plan stays."""
        plan = self.limits.plan
        self.database.clear()
        self.seed = self.seed if seed is None else seed
        self.rng.seed(self.seed)
        self.clock.reset()
        self.switches.reset()
        self.limits.reset()
        self.faults.clear()
        self.counters.reset()
        self.journal.reset()
        self.required = ()
        self.catalogue.load()
        self.tokens.load()
        self.highest_id = first_id(self.database)
        self.set_plan(plan)


def open_portal(store: str, account: Account, seed: int, plan: str | None) -> Portal:
    """The portal of a store, with what it remembers. Raises NotOurFile. `plan` None: as it was, off at first."""
    database = Database(store)
    rng = random.Random(seed)  # noqa: S311 - a simulator has to be repeatable
    settings = database.documents(SETTINGS)
    known = Plan(**settings["limits"]) if "limits" in settings else PLANS["off"]
    portal = Portal(
        database=database,
        account=account,
        seed=seed,
        clock=VirtualClock(),
        rng=rng,
        catalogue=Catalogue(database),
        tokens=Tokens(database),
        ledger=Ledger(database),
        switches=Switches(),
        limits=Limits(PLANS[plan] if plan else known, ZoneInfo(account.time_zone)),
        faults=Faults(rng),
        store_name=store,
        required=tuple(settings.get("required", {}).get("value", ())),
        highest_id=first_id(database),
    )
    if plan is not None:
        portal.set_plan(PLANS[plan])
    for name, document in database.documents(SWITCHES).items():
        try:
            portal.switches.flip(name, document["value"])
        except UnknownSwitch:
            database.drop(SWITCHES, name)
    return portal


def first_id(database: Database) -> int:
    """Below the next contact's id: what was ever given is never given again."""
    highest = database.value("SELECT max(contact_id) FROM ledger")
    return max(int(highest or 0), int(database.value("SELECT max(id) FROM contacts") or 0), 100_000)
