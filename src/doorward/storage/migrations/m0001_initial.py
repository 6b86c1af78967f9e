"""The first schema: identities, sessions, flows, the outbox and what delivery remembers of destinations."""

from doorward.storage.tables import alerts, courier, delivery, identities, outbox, selfservice, sessions

VERSION = 1
NAME = "initial"


def statements() -> list[str]:
    """DDL with the dialect's type macros (`{uuid}`, `{time}`, …) still in place."""
    return [*identities.DDL, *sessions.DDL, *selfservice.DDL, *outbox.DDL, *delivery.DDL, *alerts.DDL, *courier.DDL]
