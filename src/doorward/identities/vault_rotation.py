"""Seals the secrets of second factors anew with the first of `secrets.cipher`, in batches, for a rotation of keys."""

from dataclasses import dataclass, field
from uuid import UUID

from doorward.errors import DoorwardError
from doorward.identities.rows import read_credential
from doorward.identities.vault import SECRETS, CredentialVault
from doorward.storage.contract import Database, Row, Transaction
from doorward.storage.types import read_uuid

BATCH = 200
KINDS = ", ".join(f"'{kind}'" for kind in SECRETS)


@dataclass(frozen=True, slots=True)
class Resealed:
    """How far it has come. `unreadable` ones were sealed with a secret that is not configured any more."""

    checked: int = 0
    resealed: int = 0
    unreadable: int = 0


async def reseal(database: Database, vault: CredentialVault, batch: int = BATCH) -> Resealed:
    """One transaction for each batch; may be interrupted and repeated."""
    done, after = Resealed(), UUID(int=0)
    while True:
        rows = await database.reader.fetch_all(
            f"SELECT * FROM credentials WHERE type IN ({KINDS}) AND id > :after ORDER BY id LIMIT :limit",
            {"after": after, "limit": batch},
        )
        if not rows:
            return done
        step = await database.transaction(_Batch(vault, rows))
        done = Resealed(done.checked + step.checked, done.resealed + step.resealed, done.unreadable + step.unreadable)
        after = read_uuid(rows[-1]["id"])


@dataclass(frozen=True, slots=True)
class _Batch:
    vault: CredentialVault
    rows: list[Row] = field(repr=False)

    async def __call__(self, tx: Transaction) -> Resealed:
        resealed = unreadable = 0
        for row in self.rows:
            credential, identity_id = read_credential(row, ()), read_uuid(row["identity_id"])
            try:
                if not self.vault.is_outdated(credential):
                    continue
                plain = self.vault.open(identity_id, credential.type, credential.config)
            except DoorwardError:
                unreadable += 1
                continue
            # One that was changed meanwhile was sealed by that change.
            resealed += await tx.execute(
                "UPDATE credentials SET config = :config WHERE id = :id AND updated_at = :updated_at",
                {
                    "config": self.vault.seal(identity_id, credential.type, plain),
                    "id": read_uuid(row["id"]),
                    "updated_at": credential.updated_at,
                },
            )
        return Resealed(len(self.rows), resealed, unreadable)
