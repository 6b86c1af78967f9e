"""Tables that `outbox` owns. No foreign key to identities: what was promised outlives the person's row.

The partial indexes hold open rows only, so that a claim costs the same with a million delivered rows beside it.
`position` orders the rows of one identity: the event's number, with room between two for replays. `waiting_since` is
the commit, or the moment of a release or replay: what was held or dead until then was not waiting.
"""

DDL = [
    """
    CREATE TABLE events (
      id {uuid} PRIMARY KEY,
      kind TEXT NOT NULL,
      identity_id {uuid} NOT NULL,
      seq INTEGER NOT NULL,
      occurred_at {time} NOT NULL,
      source TEXT NOT NULL,
      flow_kind TEXT,
      flow_id {uuid},
      method TEXT,
      trace_id TEXT NOT NULL
    )
    """,
    "CREATE INDEX events_identity ON events (identity_id, seq)",
    """
    CREATE TABLE deliveries (
      id {uuid} PRIMARY KEY,
      event_id {uuid} NOT NULL REFERENCES events (id),
      event_kind TEXT NOT NULL,
      identity_id {uuid} NOT NULL,
      seq INTEGER NOT NULL,
      position BIGINT NOT NULL,
      action TEXT NOT NULL,
      connector TEXT NOT NULL,
      destination TEXT NOT NULL,
      state TEXT NOT NULL,
      payload {bytes} NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      snoozes INTEGER NOT NULL DEFAULT 0,
      may_have_applied {bool} NOT NULL DEFAULT FALSE,
      restored {bool} NOT NULL DEFAULT FALSE,
      not_before {time} NOT NULL,
      waiting_since {time} NOT NULL,
      lease_owner TEXT,
      lease_token {uuid},
      lease_until {time},
      held_for TEXT,
      reason_code TEXT,
      reason TEXT,
      external_id TEXT,
      template_version TEXT,
      replays INTEGER NOT NULL DEFAULT 0,
      trace_id TEXT NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL,
      settled_at {time}
    )
    """,
    """
    CREATE INDEX deliveries_claim ON deliveries (destination, not_before)
      WHERE state IN ('pending', 'retryable')
    """,
    """
    CREATE INDEX deliveries_order ON deliveries (identity_id, destination, position, id)
      WHERE state IN ('pending', 'leased', 'retryable', 'held')
    """,
    # Two workers that claim at the same moment cannot both have a row of one identity in flight.
    "CREATE UNIQUE INDEX deliveries_in_flight ON deliveries (identity_id, destination) WHERE state = 'leased'",
    # Open rows are not settled. Saying so keeps this index from being taken for the order within a line: PostgreSQL,
    # whose statistics lag behind a queue, believed it to be empty and walked the queue for each row of a claim.
    """
    CREATE INDEX deliveries_open ON deliveries (destination, state, waiting_since)
      WHERE state IN ('pending', 'leased', 'retryable', 'held') AND settled_at IS NULL
    """,
    """
    CREATE INDEX deliveries_shred ON deliveries (settled_at) WHERE settled_at IS NOT NULL AND length(payload) > 0
    """,
    "CREATE INDEX deliveries_dead ON deliveries (destination, id) WHERE state = 'dead'",
    "CREATE INDEX deliveries_leases ON deliveries (lease_until) WHERE state = 'leased'",
    "CREATE INDEX deliveries_identity ON deliveries (identity_id, id)",
    "CREATE INDEX deliveries_state ON deliveries (state, id)",
    """
    CREATE TABLE attempts (
      id {uuid} PRIMARY KEY,
      delivery_id {uuid} NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      started_at {time} NOT NULL,
      ended_at {time} NOT NULL,
      outcome TEXT NOT NULL,
      http_status INTEGER,
      reason_code TEXT,
      reason TEXT,
      summary TEXT,
      trace_id TEXT NOT NULL
    )
    """,
    "CREATE INDEX attempts_delivery ON attempts (delivery_id, number)",
]
