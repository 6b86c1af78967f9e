"""An edit of a person behind which every address that waits for its first message gets one, as in Kratos."""

from dataclasses import dataclass, replace
from datetime import datetime

from doorward.flows.model import Flow
from doorward.flows.verification import StartedVerification, Verifications
from doorward.identities.draft import derive
from doorward.identities.model import Identity
from doorward.identities.schema import SchemaRegistry
from doorward.identities.service import Edit


@dataclass(slots=True)
class ProvingEdit:
    """Whatever is saved, and whichever address it is. `csrf_token` is the browser's.

    Of its latest run: `before` is the person that it began from, `after` what it made of them, `started` the proofs
    that it began.
    """

    edit: Edit
    schemas: SchemaRegistry
    verifications: Verifications
    flow: Flow
    csrf_token: str
    started: tuple[StartedVerification, ...] = ()
    before: Identity | None = None
    after: Identity | None = None

    def __call__(self, before: Identity, at: datetime) -> Identity:
        """Raises InvalidTraits, and what the edit raises."""
        self.before = before
        changed = self.edit(before, at)
        derived = derive(self.schemas.get_schema(changed.schema_id), changed, at)
        self.started = self.verifications.start(derived, self.flow, self.csrf_token, only_new=True)
        self.after = replace(self.verifications.marked(derived, self.started), updated_at=at)
        return self.after
