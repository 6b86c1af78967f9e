"""How the engine works: numbers only, made from the configuration by `app.py`."""

from dataclasses import dataclass, field

from doorward.delivery.breaker import BreakerSettings


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """`concurrency` counts sends in flight per destination and process; `ahead` the claims that may be prepared and
    wait for their turn meanwhile (more of them would only make batches smaller).

    `lease_s` is how long a claim holds without being renewed; it is renewed every third of it. `send_limit_s` ends a
    send that never ends. A send that would wait longer than `budget_wait_s` for its budget gives its rows back.
    `drain_s` is given to sends in flight when the engine stops.
    """

    concurrency: int = 24
    ahead: int = 2
    lease_s: float = 60.0
    send_limit_s: float = 300.0
    budget_wait_s: float = 30.0
    poll_s: float = 1.0
    housekeeping_s: float = 5.0
    retention_days: float = 30.0
    drain_s: float = 25.0
    leadership_s: float = 10.0
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
