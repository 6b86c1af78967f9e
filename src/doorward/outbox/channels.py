"""Names of the wakes that the outbox sends. A wake only shortens a wait; whoever waits polls as well."""

DELIVERIES = "deliveries"
"""Something may be claimed."""

SETTLED = "settled"
"""Something has ended or had an attempt."""
