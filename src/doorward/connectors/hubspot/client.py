"""Typed calls to one portal. Every method raises CallRefused; per-record errors of a batch are returned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doorward.connectors.hubspot.complaint import Complaint
from doorward.connectors.hubspot.errors import Problem, Verdict
from doorward.connectors.hubspot.limits import Allowance
from doorward.connectors.hubspot.transport import CallRefused, Transport
from doorward.connectors.hubspot.wire import (
    Account,
    BatchAnswer,
    BatchInput,
    Contact,
    Paths,
    batch_body,
    read_account,
    read_batch,
    read_body,
)


@dataclass(frozen=True, slots=True)
class HubSpotClient:
    """One portal, spending from one allowance. Cheap to make: the connector makes one for each batch."""

    transport: Transport
    paths: Paths
    allowance: Allowance

    async def upsert(self, inputs: Sequence[BatchInput]) -> BatchAnswer:
        """Creates or updates up to 100 contacts. Safe to repeat: they are found by a unique property."""
        return await self._batch("upsert", inputs)

    async def update(self, inputs: Sequence[BatchInput]) -> BatchAnswer:
        """Updates up to 100 contacts by record id. Safe to repeat."""
        return await self._batch("update", inputs)

    async def read(
        self, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> tuple[Contact, ...]:
        """Those of up to 100 contacts that exist, in no order. A merged id answers with the surviving contact."""
        if not ids:
            return ()
        body = read_body(list(dict.fromkeys(ids)), properties, id_property)
        try:
            answer = await self._call("POST", self.paths.batch("read"), body)
        except CallRefused as refused:
            if refused.problem.verdict is Verdict.GONE:
                return ()
            raise
        return read_batch(answer[0], answer[1]).contacts

    async def archive(self, contact_ids: Sequence[str]) -> None:
        """Moves contacts to the recycle bin, from where HubSpot restores them for 90 days. Unknown ids are ignored."""
        if contact_ids:
            inputs = [{"id": each} for each in contact_ids]
            await self._call("POST", self.paths.batch("archive"), {"inputs": inputs})

    async def gdpr_delete(self, contact_id: str) -> None:
        """Erases a contact for good."""
        await self._call("POST", self.paths.gdpr_delete, {"objectId": contact_id})

    async def add_to_list(self, list_id: str, contact_ids: Sequence[str]) -> frozenset[str]:
        """Adds contacts to a static list; the ids that HubSpot does not know. Safe to repeat."""
        answer, _ = await self._call("PUT", self.paths.list_add(list_id), list(contact_ids))
        missing = answer.get("recordIdsMissing") if isinstance(answer, Mapping) else None
        return frozenset(str(each) for each in missing) if isinstance(missing, list) else frozenset()

    async def account(self) -> Account:
        """Which portal the token belongs to."""
        body, status = await self._call("GET", self.paths.account)
        account = read_account(body)
        if account is None:
            raise CallRefused(
                Problem(Verdict.NOT_HUBSPOT, "not_hubspot", "The answer names no HubSpot account.", Complaint(status))
            )
        return account

    async def list_properties(self) -> tuple[Mapping[str, Any], ...]:
        """The definitions of every contact property."""
        body, _ = await self._call("GET", self.paths.properties)
        results = body.get("results") if isinstance(body, Mapping) else None
        return tuple(each for each in results if isinstance(each, Mapping)) if isinstance(results, list) else ()

    async def create(self, path: str, body: Mapping[str, Any]) -> bool:
        """Creates a property or a group; False when one of that name exists."""
        try:
            await self._call("POST", path, body)
        except CallRefused as refused:
            if refused.problem.status == 409:
                return False
            raise
        return True

    async def _batch(self, verb: Any, inputs: Sequence[BatchInput]) -> BatchAnswer:
        body, status = await self._call("POST", self.paths.batch(verb), batch_body(inputs))
        return read_batch(body, status)

    async def _call(self, method: str, path: str, body: object = None) -> tuple[Any, int]:
        answer = await self.transport.call(self.allowance, method, path, body)
        return answer.body, answer.status
