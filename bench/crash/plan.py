"""What happens in a run, drawn from its seed: the killer's blows, HubSpot's faults, the clients' wishes.

The seed reproduces the plan, not the interleaving: where a blow lands is the machine's choice.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .history import Kind

Engine = Literal["sqlite", "postgresql"]
SERVER, DISPATCHER, SIMULATOR, POSTGRESQL, COMMAND = "server", "dispatcher", "simulator", "postgresql", "command"
LEASE_S = 5
WRITES = ("storage.before_write", "storage.before_commit", "storage.after_commit")
SENDING = (
    "delivery.after_claim",
    "delivery.before_send",
    "delivery.after_send",
    "delivery.middle_of_batch",
    "delivery.during_rescue",
    "connector.before_call",
    "connector.after_call",
)
FAULTS: Sequence[Mapping[str, Any]] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 502},
    {"kind": "rate_limit", "retry_after": 1},
    {"kind": "lost_answer"},
    {"kind": "reset"},
    {"kind": "reset_mid_body"},
    {"kind": "truncated"},
    {"kind": "partial", "share": 0.5},
    {"kind": "latency", "ms": 400, "count": 4},
)


WEIGHTS: Mapping[str, Mapping[str, int]] = {
    # One dispatcher leads there, and the next waits for three seconds when it is killed: it is hit less often.
    "sqlite": {SERVER: 48, DISPATCHER: 24, SIMULATOR: 18, COMMAND: 10},
    "postgresql": {SERVER: 32, DISPATCHER: 40, SIMULATOR: 14, COMMAND: 6, POSTGRESQL: 8},
}
CARELESS: Mapping[str, int] = {SERVER: 10, POSTGRESQL: 20}
"""What is to be shown there is that the database forgets."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`kills` ends the run; `pause_s` is the least time between two blows, `think_s` a client's between two wishes.

    With `is_careless` PostgreSQL answers commits before it keeps them: the verifier must then find lost ones.
    """

    database: Engine
    kills: int
    seed: int
    clients: int = 4
    servers: int = 2
    dispatchers: int = 2
    pause_s: float = 0.3
    think_s: float = 0.15
    is_careless: bool = False


@dataclass(frozen=True, slots=True)
class Blow:
    """One strike. `frozen_s` is how long a stopped process sleeps; `next_life` arms what is started after a kill."""

    victim: str
    number: int
    is_stop: bool
    wait_s: float
    frozen_s: float
    next_life: str
    fault: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client does next. `back` chooses one of its people: 0 is the newest. `next_life` arms the command."""

    kind: Kind
    agrees: bool
    changes_email: bool
    back: int
    next_life: str


def blows(settings: Settings) -> Iterator[Blow]:
    """Without an end."""
    rng = random.Random(f"{settings.seed} blows")
    weights = CARELESS if settings.is_careless else WEIGHTS[settings.database]
    counts = {SERVER: settings.servers, DISPATCHER: settings.dispatchers}
    while True:
        victim = rng.choices(list(weights), list(weights.values()))[0]
        yield Blow(
            victim=victim,
            number=rng.randrange(counts.get(victim, 1)),
            is_stop=victim in (SERVER, DISPATCHER, SIMULATOR) and rng.random() < 0.12,
            wait_s=settings.pause_s + rng.expovariate(1 / 0.1),
            frozen_s=_frozen_s(rng, victim),
            next_life=_next_life(rng, victim),
            fault={"count": rng.randint(1, 2), **rng.choice(FAULTS)} if rng.random() < 0.25 else None,
        )


def wishes(settings: Settings, client: int) -> Iterator[Wish]:
    """Without an end."""
    rng = random.Random(f"{settings.seed} client {client}")
    while True:
        yield Wish(
            kind=rng.choices(("sign_up", "patch", "delete"), (66, 26, 8))[0],
            agrees=rng.random() < 0.7,
            changes_email=rng.random() < 0.3,
            back=min(int(rng.expovariate(1 / 3)), 20),
            next_life=f"{rng.choice(WRITES)}=kill@{rng.randint(1, 3)}" if rng.random() < 0.15 else "",
        )


def frozen_by_itself_s(settings: Settings) -> Iterator[float]:
    """How long processes sleep that a fail point stopped: longer than a lease."""
    rng = random.Random(f"{settings.seed} frozen")
    while True:
        yield LEASE_S + rng.uniform(1, 3)


def _frozen_s(rng: random.Random, victim: str) -> float:
    """Half of the dispatchers sleep longer than their lease; HubSpot never that long."""
    if victim == DISPATCHER and rng.random() < 0.5:
        return LEASE_S + rng.uniform(1, 3)
    return rng.uniform(0.2, 3)


def _next_life(rng: random.Random, victim: str) -> str:
    """Most lives have a fail point ahead of them; some of those are a sleep instead of a death."""
    if victim not in (SERVER, DISPATCHER) or rng.random() < 0.4:
        return ""
    if victim == SERVER or rng.random() < 0.25:
        act = "stop" if rng.random() < 0.1 else "kill"
        return f"{rng.choice(WRITES)}={act}@{rng.randint(1, 30)}"
    act = "stop" if rng.random() < 0.25 else "kill"
    return f"{rng.choice(SENDING)}={act}@{rng.randint(1, 3)}"
