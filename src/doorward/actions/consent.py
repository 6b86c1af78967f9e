"""The gate: may this action send this person's data now? Fails closed; asked at send time, never at commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from doorward.actions.model import Action
from doorward.identities.query import Person, load_people
from doorward.identities.schema import SchemaRegistry, UnknownSchema, value_at
from doorward.storage.contract import Reader

DELETED = "identity.deleted"


@dataclass(frozen=True, slots=True)
class Granted:
    """It may be sent; `why` names consent, basis, or that none is required."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It must not be sent.

    Codes: `no_consent`, `declined`, `withdrawn`, `trait_not_true`, `identity_gone`, `unknown_purpose`.
    """

    code: str
    reason: str


Decision = Granted | Refused


class ConsentGate:
    """Decides from the newest receipt and the traits of this moment: both must say yes."""

    def __init__(self, schemas: SchemaRegistry) -> None:
        self._schemas = schemas

    def decide(self, action: Action, event_kind: str, person: Person | None) -> Decision:
        """Pure. `person` is None when the identity no longer exists."""
        if event_kind == DELETED:
            return Granted("the removal of a person needs no consent")
        if action.basis is not None:
            return Granted(f"basis: {action.basis.kind}")
        if action.consent is None:
            return Granted("the action requires no consent")
        if person is None:
            return Refused("identity_gone", "The identity was deleted before this was sent.")
        return self._consented(action.consent, person)

    async def decide_many(
        self, reader: Reader, asked: Mapping[UUID, tuple[Action, str, UUID]]
    ) -> tuple[dict[UUID, Decision], dict[UUID, Person]]:
        """Decisions by delivery id for (action, event kind, identity id), and the persons that were looked up."""
        people = await load_people(reader, [identity_id for _, _, identity_id in asked.values()])
        decisions = {
            delivery_id: self.decide(action, event_kind, people.get(identity_id))
            for delivery_id, (action, event_kind, identity_id) in asked.items()
        }
        return decisions, people

    def _consented(self, purpose: str, person: Person) -> Decision:
        newest = person.consents.get(purpose)
        if newest is None:
            return Refused("no_consent", f"No consent to {purpose!r} was ever recorded.")
        if newest is not True and purpose not in person.once_agreed:
            return Refused("declined", f"The person did not agree to {purpose!r}.")
        if newest is not True:
            return Refused("withdrawn", f"The newest answer about {purpose!r} is no.")
        try:
            declared = self._schemas.get_schema(person.schema_id).consents
        except UnknownSchema:
            return Refused("unknown_purpose", f"The identity schema {person.schema_id!r} is no longer configured.")
        fields = [field for field in declared if field.purpose == purpose]
        if not fields:
            return Refused("unknown_purpose", f"The identity schema declares no consent to {purpose!r}.")
        if any(field.path and value_at(person.traits, field.path) is not True for field in fields):
            return Refused("trait_not_true", f"The trait that stands for {purpose!r} is not true now.")
        return Granted(f"consent: {purpose}")
