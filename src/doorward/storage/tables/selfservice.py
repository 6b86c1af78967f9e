"""Tables of self-service runs: the flows of every kind, the codes and links that belong to them, what was paused in
them, the changes that wait for the proof of a new address, the one-time codes of authenticator apps that were used,
the errors that browsers are sent to, and what was counted of wrong guesses and of messages that were asked for.

The JSON of a flow (`ui`, `extra`, `internal`) is text: nobody looks into it but us, and it is written with each form.
`flows.code_guesses` counts the codes that were tried in a flow, right or wrong. Of codes and links we keep hashes only.
"""

DDL = [
    """
    CREATE TABLE flows (
      id {uuid} PRIMARY KEY,
      kind TEXT NOT NULL,
      type TEXT NOT NULL,
      state TEXT NOT NULL,
      active TEXT,
      request_url TEXT NOT NULL,
      ui TEXT NOT NULL,
      csrf_token TEXT NOT NULL,
      identity_id {uuid},
      schema_id TEXT,
      extra TEXT NOT NULL,
      internal TEXT NOT NULL,
      code_guesses INTEGER NOT NULL DEFAULT 0,
      issued_at {time} NOT NULL,
      expires_at {time} NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL
    )
    """,
    "CREATE INDEX flows_expiry ON flows (expires_at)",
    """
    CREATE TABLE one_time_codes (
      id {uuid} PRIMARY KEY,
      form TEXT NOT NULL,
      purpose TEXT NOT NULL,
      flow_id {uuid} NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
      secret_hash TEXT NOT NULL,
      identity_id {uuid} REFERENCES identities (id) ON DELETE CASCADE,
      via TEXT NOT NULL,
      address TEXT NOT NULL,
      issued_at {time} NOT NULL,
      expires_at {time} NOT NULL,
      used_at {time}
    )
    """,
    "CREATE INDEX one_time_codes_flow ON one_time_codes (flow_id)",
    "CREATE INDEX one_time_codes_identity ON one_time_codes (identity_id) WHERE identity_id IS NOT NULL",
    "CREATE INDEX one_time_codes_secret ON one_time_codes (secret_hash)",
    """
    CREATE TABLE paused_steps (
      id {uuid} PRIMARY KEY,
      name TEXT NOT NULL,
      flow_id {uuid} NOT NULL REFERENCES flows (id) ON DELETE CASCADE,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      payload {bytes} NOT NULL,
      created_at {time} NOT NULL,
      expires_at {time} NOT NULL
    )
    """,
    "CREATE INDEX paused_steps_flow ON paused_steps (flow_id)",
    "CREATE INDEX paused_steps_identity ON paused_steps (identity_id)",
    """
    CREATE TABLE pending_changes (
      verification_flow_id {uuid} PRIMARY KEY REFERENCES flows (id) ON DELETE CASCADE,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      session_id {uuid} NOT NULL,
      settings_flow_id {uuid} NOT NULL,
      traits_digest TEXT NOT NULL,
      payload {bytes} NOT NULL,
      created_at {time} NOT NULL
    )
    """,
    "CREATE INDEX pending_changes_identity ON pending_changes (identity_id)",
    """
    CREATE TABLE used_totp_steps (
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      step BIGINT NOT NULL,
      used_at {time} NOT NULL,
      PRIMARY KEY (identity_id, step)
    )
    """,
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
    """
    CREATE TABLE throttle_counts (
      key_hash TEXT NOT NULL,
      window_number BIGINT NOT NULL,
      counted INTEGER NOT NULL,
      counted_at {time} NOT NULL,
      PRIMARY KEY (key_hash, window_number)
    )
    """,
    "CREATE INDEX throttle_counts_age ON throttle_counts (counted_at)",
]
