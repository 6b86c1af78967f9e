"""Tables of self-service runs: one for the flows of every kind, one for the errors that browsers are sent to."""

DDL = [
    """
    CREATE TABLE flows (
      id {uuid} PRIMARY KEY,
      kind TEXT NOT NULL,
      type TEXT NOT NULL,
      state TEXT NOT NULL,
      active TEXT,
      request_url TEXT NOT NULL,
      ui {json} NOT NULL,
      csrf_token TEXT NOT NULL,
      identity_id {uuid},
      schema_id TEXT,
      extra {json} NOT NULL,
      internal {json} NOT NULL,
      issued_at {time} NOT NULL,
      expires_at {time} NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL
    )
    """,
    "CREATE INDEX flows_expiry ON flows (expires_at)",
    "CREATE INDEX flows_identity ON flows (identity_id)",
    """
    CREATE TABLE flow_errors (
      id {uuid} PRIMARY KEY,
      error {json} NOT NULL,
      csrf_token TEXT NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL
    )
    """,
    "CREATE INDEX flow_errors_age ON flow_errors (created_at)",
]
