"""Tables that `sessions` owns. Tokens are kept as SHA-256 hashes only."""

DDL = [
    """
    CREATE TABLE sessions (
      id {uuid} PRIMARY KEY,
      token_hash TEXT NOT NULL UNIQUE,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      active {bool} NOT NULL,
      aal TEXT NOT NULL,
      methods {json} NOT NULL,
      authenticated_at {time} NOT NULL,
      issued_at {time} NOT NULL,
      expires_at {time} NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL
    )
    """,
    "CREATE INDEX sessions_identity ON sessions (identity_id, created_at)",
    "CREATE INDEX sessions_newest ON sessions (created_at, id)",
    "CREATE INDEX sessions_expiry ON sessions (expires_at)",
    """
    CREATE TABLE session_devices (
      id {uuid} PRIMARY KEY,
      session_id {uuid} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
      ip_address TEXT NOT NULL,
      user_agent TEXT,
      location TEXT NOT NULL,
      created_at {time} NOT NULL
    )
    """,
    "CREATE INDEX session_devices_session ON session_devices (session_id)",
]
