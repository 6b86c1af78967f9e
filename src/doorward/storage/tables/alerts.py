"""Tables of `delivery.alerts`: what is or was wrong, and the messages about it that are to reach the operator.

One open alert per thing, whatever the number of processes that notice it.
"""

DDL = [
    """
    CREATE TABLE alerts (
      id {uuid} PRIMARY KEY,
      kind TEXT NOT NULL,
      scope TEXT NOT NULL,
      name TEXT NOT NULL,
      code TEXT NOT NULL,
      reason TEXT NOT NULL,
      number BIGINT NOT NULL,
      since {time} NOT NULL,
      until {time},
      told INTEGER NOT NULL,
      told_at {time} NOT NULL,
      ended_at {time}
    )
    """,
    "CREATE UNIQUE INDEX alerts_open ON alerts (kind, scope, name) WHERE ended_at IS NULL",
    "CREATE INDEX alerts_ended ON alerts (ended_at) WHERE ended_at IS NOT NULL",
    """
    CREATE TABLE alert_messages (
      id {uuid} PRIMARY KEY,
      alert_id {uuid} NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      body TEXT NOT NULL,
      created_at {time} NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      not_before {time} NOT NULL,
      http_status INTEGER,
      problem TEXT,
      sent_at {time},
      given_up_at {time},
      UNIQUE (alert_id, number)
    )
    """,
    """
    CREATE INDEX alert_messages_due ON alert_messages (not_before)
      WHERE sent_at IS NULL AND given_up_at IS NULL
    """,
]
