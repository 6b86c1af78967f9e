"""`doorward identities`: through the same service as every other path, so that each change fires its event."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import click
import orjson

from doorward.app.core import Core, opened_core
from doorward.audit import write_audit
from doorward.cli.consents import CAUSE_HELP, stated_consents
from doorward.cli.delete_rows import batches, delete_batch
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_facts, print_json, print_json_line, print_table, run, say, tell_refusal
from doorward.cli.progress import progress
from doorward.errors import InvalidInput
from doorward.identities import store
from doorward.identities.draft import NewCredential, NewIdentity
from doorward.identities.events import Cause
from doorward.identities.lists import IdentityFilter, list_identities
from doorward.identities.normalise import normalise_address
from doorward.identities.render import admin_identity
from doorward.identities.service import Change, IdentityChange, IdentityNotFound
from doorward.observability.tracing import current_trace_id
from doorward.storage.contract import Transaction


@click.group()
def identities() -> None:
    """Create, read, change and delete identities."""


@identities.command()
@click.argument("traits")
@click.option("--schema", default=None, help="Identity schema id; the default schema if left out.")
@click.option(
    "--password", is_flag=True, help="Ask for a password on the terminal (or read one line of standard input)."
)
@click.option("--external-id", default=None, help="Your own unique id for the person.")
@click.option("--consent-source", default=None, help=CAUSE_HELP)
@installation_options
@json_option
def create(
    traits: str,
    schema: str | None,
    password: bool,
    external_id: str | None,
    consent_source: str | None,
    config: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Create an identity. TRAITS is a JSON object, or @FILE."""
    secret = click.prompt("Password", hide_input=True, err=True) if password else None

    async def work() -> Mapping[str, Any]:
        async with opened_core(config) as core:
            given = _object(traits)
            schema_id = schema or core.schemas.default_id
            hashed = {"hashed_password": await core.passwords.hash(secret)} if secret else None
            new = NewIdentity(
                schema_id=schema_id,
                traits=given,
                credentials=(NewCredential("password", hashed),) if hashed else (),
                external_id=external_id,
                consents=stated_consents(core.schemas, schema_id, given, consent_source),
            )
            draft = core.identities.draft(new)

            async def store_it(tx: Transaction) -> Change:
                return await core.identities.create(tx, draft, _cause())

            return _shown(core, await core.database.transaction(store_it))

    _print(run(work()), as_json, "Created")


@identities.command()
@click.argument("identity_id", metavar="ID")
@click.option("--external", is_flag=True, help="ID is your own external_id.")
@click.option("--credentials", "with_secrets", is_flag=True, help="Show what credentials hold, hashes included.")
@installation_options
@json_option
def get(identity_id: str, external: bool, with_secrets: bool, config: tuple[Path, ...], as_json: bool) -> None:
    """Show one identity."""

    async def work() -> Mapping[str, Any]:
        async with opened_core(config) as core:
            reader = core.database.reader
            if external:
                identity = await store.find_by_external_id(reader, identity_id, with_credentials=True)
            else:
                identity = await store.find_identity(reader, _uuid(identity_id), with_credentials=True)
            if identity is None:
                raise IdentityNotFound(f"There is no identity {identity_id}.")
            return admin_identity(identity, core.base_url, frozenset(identity.credentials if with_secrets else ()))

    found = run(work())
    print_json(found) if as_json else print_facts({name: found[name] for name in found if found[name] is not None})


@identities.command("list")
@click.option("--limit", default=50, show_default=True, help="At most this many.")
@click.option("--after", type=click.UUID, default=None, help="Continue after this id.")
@click.option("--identifier", default="", help="Who signs in with exactly this e-mail address, user name or number.")
@click.option("--begins", default="", help="Who signs in with something that begins like this.")
@installation_options
@json_option
def list_(
    limit: int, after: UUID | None, identifier: str, begins: str, config: tuple[Path, ...], as_json: bool
) -> None:
    """List identities, oldest first."""

    async def work() -> list[Mapping[str, Any]]:
        async with opened_core(config) as core:
            chosen = IdentityFilter(identifier=identifier, identifier_start=begins)
            found = await list_identities(core.database.reader, limit, after, chosen=chosen)
            return [admin_identity(each, core.base_url) for each in found]

    found = run(work())
    if as_json:
        print_json(found)
        return
    rows = [(each["id"], each["schema_id"], each["state"], each["created_at"]) for each in found]
    print_table(("id", "schema", "state", "created"), rows)


@identities.command()
@click.argument("identity_id", type=click.UUID)
@click.argument("changes")
@click.option("--consent-source", default=None, help=CAUSE_HELP)
@installation_options
@json_option
def patch(identity_id: UUID, changes: str, consent_source: str | None, config: tuple[Path, ...], as_json: bool) -> None:
    """Change an identity. CHANGES is a JSON object: traits (merged one level deep), state, metadata_public, …"""

    async def work() -> Mapping[str, Any]:
        async with opened_core(config) as core:
            given = _object(changes)
            unknown = set(given) - {"traits", "state", "schema_id", "metadata_public", "metadata_admin", "external_id"}
            if unknown:
                raise InvalidInput(f"These fields cannot be changed: {', '.join(sorted(unknown))}.")

            async def change_it(tx: Transaction) -> Change:
                before = await store.find_identity(tx, identity_id)
                if before is None:
                    raise IdentityNotFound(f"There is no identity {identity_id}.")
                traits = {**before.traits, **given["traits"]} if "traits" in given else None
                schema_id = str(given.get("schema_id") or before.schema_id)
                change = IdentityChange(
                    traits=traits,
                    schema_id=given.get("schema_id"),
                    state=given.get("state"),
                    metadata_public=given.get("metadata_public"),
                    metadata_admin=given.get("metadata_admin"),
                    external_id=given.get("external_id"),
                    consents=stated_consents(core.schemas, schema_id, given.get("traits", {}), consent_source),
                )
                return await core.identities.update(tx, identity_id, change, _cause())

            return _shown(core, await core.database.transaction(change_it))

    _print(run(work()), as_json, "Changed")


@identities.command("verify")
@click.argument("identity_id", type=click.UUID)
@click.argument("address")
@click.option("--via", type=click.Choice(["email", "sms"]), default="email", show_default=True)
@installation_options
@json_option
def verify(identity_id: UUID, address: str, via: str, config: tuple[Path, ...], as_json: bool) -> None:
    """Mark an address as verified because you know it is theirs. What waited for that goes on."""

    async def work() -> bool:
        async with opened_core(config) as core:
            value = normalise_address(address, via)

            async def mark(tx: Transaction) -> bool:
                changed = await core.identities.mark_address_verified(tx, identity_id, via, value, _cause())
                await write_audit(tx, core.clock.now(), "cli", "address.verified", str(identity_id), {"via": via})
                return changed is not None

            return await core.database.transaction(mark)

    changed = run(work())
    if as_json:
        print_json({"id": str(identity_id), "via": via, "changed": changed})
    else:
        say("Verified." if changed else "Nothing changed: it is verified already, or not an address of this identity.")


@identities.command()
@click.argument("identity_id", type=click.UUID, required=False)
@click.option(
    "--file", type=click.File("rb"), help="Delete all that FILE names, one id (or JSON object) a line; - reads."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation_options
@json_option
def delete(identity_id: UUID | None, file: BinaryIO | None, yes: bool, config: tuple[Path, ...], as_json: bool) -> None:
    """Delete an identity, or all that a file names. Deletions are delivered to where the persons were sent before."""
    if (identity_id is None) == (file is None):
        raise click.UsageError("Name one identity, or a file with --file.")
    if not yes:
        click.confirm(f"Delete {identity_id or 'all that the file names'} for good?", abort=True, err=True)
    if file is not None:
        _delete_all(file, config, as_json)
        return

    async def work() -> Mapping[str, Any]:
        async with opened_core(config) as core:

            async def delete_it(tx: Transaction) -> Change:
                return await core.identities.delete(tx, _known(identity_id), _cause())

            return _shown(core, await core.database.transaction(delete_it))

    _print(run(work()), as_json, "Deleted")


def _delete_all(file: BinaryIO, config: tuple[Path, ...], as_json: bool) -> None:
    async def work() -> tuple[int, int]:
        deleted = refused = 0
        with progress("Deleting") as advance:
            async with opened_core(config) as core:
                for batch in batches(file):
                    for each in await delete_batch(core, batch, _cause()):
                        deleted, refused = deleted + (each.refusal is None), refused + (each.refusal is not None)
                        tell_refusal(each.number, each.refusal, as_json=as_json)
                    advance(deleted + refused, None)
        return deleted, refused

    deleted, refused = run(work())
    if as_json:
        print_json_line({"summary": {"deleted": deleted, "rejected": refused}})
    else:
        say(f"{deleted} deleted, {refused} refused.")
    if refused:
        sys.exit(1)


def _known(identity_id: UUID | None) -> UUID:
    if identity_id is None:
        raise InvalidInput("An id is needed.")
    return identity_id


def _object(text: str) -> dict[str, Any]:
    raw = Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"That is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidInput('A JSON object is needed, e.g. \'{"email": "ada@example.org"}\'.')
    return value


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no id; for your own ids there is --external.") from None


def _cause() -> Cause:
    return Cause(source="cli", trace_id=current_trace_id(), actor="cli")


def _shown(core: Core, change: Change) -> Mapping[str, Any]:
    shown = admin_identity(change.identity, core.base_url)
    return {**shown, "deliveries": [str(each) for each in change.recorded.deliveries]}


def _print(shown: Mapping[str, Any], as_json: bool, verb: str) -> None:
    if as_json:
        print_json(shown)
        return
    count = len(shown["deliveries"])
    say(f"{verb} {shown['id']}; {count} deliver{'y' if count == 1 else 'ies'} recorded.")
