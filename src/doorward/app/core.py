"""What every command and every server shares: database, schemas, identities, sessions, actions, keys, the way out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from doorward.actions.consent import ConsentGate
from doorward.actions.record import ActionRecorder
from doorward.actions.resolve import ActionTable
from doorward.app.couriers import ForgettingRecorder, courier_connectors
from doorward.app.loading import Sources, load_config
from doorward.app.moved_clock import move_clock
from doorward.app.table import action_table
from doorward.clock import Clock, SystemClock
from doorward.config.model import Config
from doorward.courier.enqueue import Courier
from doorward.errors import Misconfigured
from doorward.identities.schema import BrokenSchema, SchemaRegistry
from doorward.identities.schema_source import Fetch, load_registry
from doorward.identities.service import IdentityService
from doorward.identities.vault import CredentialVault
from doorward.observability.metrics import Metrics, make_metrics
from doorward.security.cipher import Cipher
from doorward.security.egress import Egress
from doorward.security.egress_policy import EgressPolicy
from doorward.security.outgoing import OutgoingRequest
from doorward.security.passwords import Argon2Settings, HashSettings, PasswordHasher
from doorward.security.tokens import CookieSealer
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database
from doorward.storage.dsn import SqliteDsn, parse_dsn
from doorward.storage.engine import open_database
from doorward.storage.identity_keys import IdentityKeys
from doorward.storage.migrate import migrate, require_current

SCHEMA_LIMIT_BYTES = 1 << 20


class MemoryDatabase(Misconfigured):
    """The dsn is `memory`: that database lives inside the server and no command can reach it."""


@dataclass(frozen=True, slots=True)
class Core:
    """Made once per process, handed down by constructor."""

    config: Config
    clock: Clock
    database: Database
    schemas: SchemaRegistry
    identities: IdentityService
    sessions: SessionService
    table: ActionTable
    gate: ConsentGate
    keys: IdentityKeys
    vault: CredentialVault
    courier: Courier
    cookies: CookieSealer
    passwords: PasswordHasher
    egress: Egress
    metrics: Metrics
    base_url: str
    config_paths: tuple[Path, ...] = field(default=())

    async def close(self, *, keep_database: bool = False) -> None:
        """Everything, or all but a database that a newer core goes on with."""
        self.passwords.close()
        await self.egress.close()
        if not keep_database:
            await self.database.close()


async def build_core(
    config: Config,
    clock: Clock,
    paths: tuple[Path, ...] = (),
    running: Database | None = None,
    metrics: Metrics | None = None,
) -> Core:
    """Opens everything that a process needs; whoever calls it closes the core. Raises DoorwardErrors.

    `running` is a database that is open already and stays open when this fails; `metrics` are those of an earlier
    core of this process, so that its counters go on.
    """
    egress = Egress(EgressPolicy.from_config(config.clients.http, dev=config.dev))
    await egress.start()
    database = running or open_database(config.dsn.reveal(), clock)
    try:
        if running is None:
            await database.start()
        return await _assembled(config, clock, paths, egress, database, metrics or make_metrics())
    except BaseException:
        await egress.close()
        if running is None:
            await database.close()
        raise


async def _assembled(
    config: Config, clock: Clock, paths: tuple[Path, ...], egress: Egress, database: Database, metrics: Metrics
) -> Core:
    schemas = await load_schemas(config, egress)
    table = action_table(config)
    keys = IdentityKeys(Cipher([secret.reveal() for secret in config.secrets.for_cipher()]), clock)
    vault = CredentialVault([secret.reveal() for secret in config.secrets.for_cipher()])
    base_url = config.serve.public.base_url
    recorder = ForgettingRecorder(ActionRecorder(table, keys, clock, base_url))
    return Core(
        config=config,
        clock=clock,
        database=database,
        schemas=schemas,
        identities=IdentityService(schemas, recorder, clock, vault),
        sessions=SessionService(clock, config.session.lifespan, config.session.earliest_possible_extend),
        table=table,
        gate=ConsentGate(schemas),
        keys=keys,
        vault=vault,
        courier=Courier(keys, clock, courier_connectors(config)),
        cookies=CookieSealer([secret.reveal() for secret in config.secrets.for_cookie()]),
        passwords=PasswordHasher(hash_settings(config), observe=metrics.hash_seconds.observe),
        egress=egress,
        metrics=metrics,
        base_url=base_url,
        config_paths=paths,
    )


@asynccontextmanager
async def opened_core(paths: tuple[Path, ...] = (), *, dev: bool = False) -> AsyncIterator[Core]:
    """A core for one command: loads the configuration, opens the dsn, insists on a current schema."""
    is_dev = dev or (isinstance(paths, Sources) and paths.is_dev)
    config, used = load_config(paths, {"dev": True} if is_dev else {})
    if is_memory(config):
        raise MemoryDatabase(
            "The dsn is memory: that database lives inside the server. Commands need a file or PostgreSQL."
        )
    core = await build_core(config, SystemClock(), used)
    try:
        if config.dev:
            await migrate(core.database, core.clock)
        await require_current(core.database)
        if config.dev:
            await move_clock(core.clock, core.database.reader)
        yield core
    finally:
        await core.close()


def is_memory(config: Config) -> bool:
    """Whether the database lives and dies with the process."""
    parsed = parse_dsn(config.dsn.reveal())
    return isinstance(parsed, SqliteDsn) and parsed.path is None


def hash_settings(config: Config) -> HashSettings:
    """The `hashers` section; a Kratos file's Argon2 memory is in bytes, ours in KiB."""
    chosen = config.hashers.argon2
    is_default = chosen == type(chosen)()
    argon2 = (
        Argon2Settings()
        if is_default
        else Argon2Settings(
            memory_kib=max(8, int(chosen.memory) // 1024),
            iterations=chosen.iterations,
            parallelism=chosen.parallelism,
            salt_bytes=chosen.salt_length,
            key_bytes=chosen.key_length,
        )
    )
    return HashSettings(config.hashers.algorithm, argon2, config.hashers.bcrypt.cost, config.dev)


async def load_schemas(config: Config, egress: Egress) -> SchemaRegistry:
    """The identity schemas that the configuration names. Raises BrokenSchema."""
    return await load_registry(
        config.identity.schemas,
        config.identity.default_schema_id,
        fetcher(egress),
        is_closed=config.security.disallow_ref_in_identity_schemas,
    )


def fetcher(egress: Egress) -> Fetch:
    """Gets identity schemas over HTTP through the guarded way out."""

    async def fetch(url: str) -> bytes:
        request = OutgoingRequest("GET", url, follow_redirects=3, max_response_bytes=SCHEMA_LIMIT_BYTES)
        answer = await egress.send(request)
        if answer.status != 200:
            raise BrokenSchema(f"{url} answered {answer.status} instead of an identity schema.")
        return answer.body

    return fetch
