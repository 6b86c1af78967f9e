"""Shows a stored context to a person. It holds personal data, so the audit log says who looked."""

from typing import Any
from uuid import UUID

import orjson

from doorward.audit import write_audit
from doorward.clock import Clock
from doorward.delivery.replay import DeliveryNotFound, PayloadShredded
from doorward.outbox.query import find_delivery
from doorward.storage.contract import Database, Transaction
from doorward.storage.identity_keys import IdentityKeys


async def reveal(database: Database, keys: IdentityKeys, clock: Clock, delivery_id: UUID, actor: str) -> Any:
    """The context as it was at commit. Raises DeliveryNotFound, PayloadShredded, KeyErased, SecretMissing, Tampered."""

    async def work(tx: Transaction) -> Any:
        found = await find_delivery(tx, delivery_id, with_payload=True)
        if found is None:
            raise DeliveryNotFound(f"There is no delivery {delivery_id}.")
        if not found.payload:
            raise PayloadShredded
        context = orjson.loads(await keys.open(tx, found.identity_id, found.id, found.payload))
        await write_audit(tx, clock.now(), actor, "delivery.revealed", str(delivery_id))
        return context

    return await database.transaction(work)
