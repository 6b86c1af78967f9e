"""Tables that `identities` owns. An identity's key outlives its row until the last payload is shredded."""

DDL = [
    """
    CREATE TABLE identities (
      id {uuid} PRIMARY KEY,
      external_id TEXT UNIQUE,
      schema_id TEXT NOT NULL,
      traits {json} NOT NULL,
      state TEXT NOT NULL,
      state_changed_at {time} NOT NULL,
      metadata_public {json},
      metadata_admin {json},
      organization_id {uuid},
      event_seq INTEGER NOT NULL DEFAULT 0,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL
    )
    """,
    """
    CREATE TABLE credentials (
      id {uuid} PRIMARY KEY,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      type TEXT NOT NULL,
      config {json} NOT NULL,
      version INTEGER NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL,
      UNIQUE (identity_id, type)
    )
    """,
    """
    CREATE TABLE credential_identifiers (
      type TEXT NOT NULL,
      identifier TEXT NOT NULL,
      credential_id {uuid} NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
      identity_id {uuid} NOT NULL,
      PRIMARY KEY (type, identifier)
    )
    """,
    "CREATE INDEX credential_identifiers_identity ON credential_identifiers (identity_id)",
    "CREATE INDEX credential_identifiers_credential ON credential_identifiers (credential_id)",
    """
    CREATE TABLE verifiable_addresses (
      id {uuid} PRIMARY KEY,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      via TEXT NOT NULL,
      value TEXT NOT NULL,
      verified {bool} NOT NULL,
      status TEXT NOT NULL,
      verified_at {time},
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL,
      UNIQUE (via, value)
    )
    """,
    "CREATE INDEX verifiable_addresses_identity ON verifiable_addresses (identity_id)",
    """
    CREATE TABLE recovery_addresses (
      id {uuid} PRIMARY KEY,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      via TEXT NOT NULL,
      value TEXT NOT NULL,
      created_at {time} NOT NULL,
      updated_at {time} NOT NULL,
      UNIQUE (via, value)
    )
    """,
    "CREATE INDEX recovery_addresses_identity ON recovery_addresses (identity_id)",
    """
    CREATE TABLE consent_receipts (
      id {uuid} PRIMARY KEY,
      identity_id {uuid} NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
      purpose TEXT NOT NULL,
      granted {bool} NOT NULL,
      text TEXT NOT NULL,
      version TEXT NOT NULL,
      locale TEXT NOT NULL,
      source TEXT NOT NULL,
      flow_id {uuid},
      seq INTEGER NOT NULL,
      recorded_at {time} NOT NULL
    )
    """,
    "CREATE INDEX consent_receipts_newest ON consent_receipts (identity_id, purpose, seq)",
    """
    CREATE TABLE identity_keys (
      identity_id {uuid} PRIMARY KEY,
      wrapped_key {bytes} NOT NULL,
      created_at {time} NOT NULL
    )
    """,
]
