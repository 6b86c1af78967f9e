"""Tables that `courier` owns. A message's id is its delivery's, whose state and attempts tell what became of it.
`useful_until` is when what is in it expires; NULL where nothing does, or once it was seen to.

`courier_mailbox` keeps what was sent, codes and all; it is written in development only.
"""

DDL = [
    """
    CREATE TABLE courier_messages (
      id {uuid} PRIMARY KEY,
      identity_id {uuid},
      template_type TEXT NOT NULL,
      channel TEXT NOT NULL,
      recipient TEXT NOT NULL,
      useful_until {time},
      created_at {time} NOT NULL
    )
    """,
    "CREATE INDEX courier_messages_recipient ON courier_messages (recipient, id)",
    "CREATE INDEX courier_messages_identity ON courier_messages (identity_id) WHERE identity_id IS NOT NULL",
    "CREATE INDEX courier_messages_expiring ON courier_messages (useful_until) WHERE useful_until IS NOT NULL",
    "CREATE INDEX courier_messages_created ON courier_messages (created_at)",
    """
    CREATE TABLE courier_mailbox (
      message_id {uuid} PRIMARY KEY REFERENCES courier_messages (id) ON DELETE CASCADE,
      subject TEXT NOT NULL,
      plain TEXT NOT NULL,
      html TEXT NOT NULL,
      kept_at {time} NOT NULL
    )
    """,
]
