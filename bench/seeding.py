"""Fills a queue: identities with consent through the same service as every other path, without hashing passwords."""

import sys
from pathlib import Path

from doorward.app.core import Core, opened_core
from doorward.identities.draft import Draft, NewConsent, NewIdentity
from doorward.identities.events import Cause
from doorward.storage.contract import Transaction

BATCH = 200


async def seed(config: Path, count: int) -> None:
    """`count` people who agreed to marketing, with whatever deliveries the configuration makes of them."""
    async with opened_core((config,)) as core:
        for start in range(0, count, BATCH):
            drafts = [_draft(core, number) for number in range(start, min(start + BATCH, count))]

            async def write(tx: Transaction, drafts: list[Draft] = drafts) -> None:
                for draft in drafts:
                    await core.identities.create(tx, draft, Cause("import"))

            await core.database.transaction(write)
            if sys.stderr.isatty():
                print(f"\r{start + len(drafts):,} of {count:,} people", end="", file=sys.stderr)
        if sys.stderr.isatty():
            print(file=sys.stderr)


def _draft(core: Core, number: int) -> Draft:
    schema = core.schemas.get_schema(core.schemas.default_id)
    consents = tuple(
        NewConsent(each.purpose, True, each.text, each.version, "en", "import: benchmark") for each in schema.consents
    )
    name = {"first": f"Person {number}", "last": "Benchmark"}
    traits = {"email": f"person-{number}@example.org", "name": name, "newsletter": True}
    return core.identities.draft(NewIdentity(schema.id, traits, consents=consents))
