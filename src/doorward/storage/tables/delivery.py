"""What delivery shares between workers: pauses and health of destinations and actions, budgets, links, the log."""

DDL = [
    """
    CREATE TABLE destinations (
      name TEXT PRIMARY KEY,
      paused_code TEXT,
      paused_reason TEXT,
      paused_at {time},
      paused_until {time},
      breaker_failures INTEGER NOT NULL DEFAULT 0,
      breaker_open_until {time},
      breaker_probe_until {time},
      portal_id TEXT,
      facts {json},
      updated_at {time} NOT NULL
    )
    """,
    """
    CREATE TABLE action_pauses (
      action TEXT PRIMARY KEY,
      code TEXT NOT NULL,
      reason TEXT NOT NULL,
      paused_at {time} NOT NULL,
      paused_until {time}
    )
    """,
    """
    CREATE TABLE budgets (
      destination TEXT PRIMARY KEY,
      limit_calls INTEGER NOT NULL,
      interval_us BIGINT NOT NULL,
      calls {json} NOT NULL,
      learned {bool} NOT NULL,
      updated_at {time} NOT NULL
    )
    """,
    """
    CREATE TABLE leaders (
      role TEXT PRIMARY KEY,
      holder TEXT NOT NULL,
      until {time} NOT NULL
    )
    """,
    """
    CREATE TABLE external_records (
      destination TEXT NOT NULL,
      identity_id {uuid} NOT NULL,
      external_id TEXT NOT NULL,
      email_hash TEXT,
      adopted {bool} NOT NULL DEFAULT FALSE,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL,
      PRIMARY KEY (destination, identity_id)
    )
    """,
    "CREATE INDEX external_records_by_id ON external_records (destination, external_id)",
    """
    CREATE TABLE audit_log (
      id {uuid} PRIMARY KEY,
      at {time} NOT NULL,
      actor TEXT NOT NULL,
      act TEXT NOT NULL,
      target TEXT NOT NULL,
      details {json}
    )
    """,
    """
    CREATE TABLE settings (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    )
    """,
]
