"""What only the whole program can say about a configuration: its dsn, the addresses it may call, the files it names."""

from collections.abc import Iterator
from pathlib import Path

from doorward.app.checking_alerts import check_alerts
from doorward.app.checking_courier import check_courier
from doorward.config.hooks import list_hooks
from doorward.config.model import Config
from doorward.config.problems import Problem, error, warning
from doorward.config.secrets import Secret
from doorward.security.egress_policy import EgressPolicy
from doorward.storage.dsn import parse_dsn
from doorward.storage.errors import InvalidDsn

WEB = ("http://", "https://")
FILE = "file://"


def check_whole(config: Config) -> Iterator[Problem]:
    """Problems of the dsn, of addresses that will be refused, of files that are not there."""
    yield from _dsn(config)
    yield from check_alerts(config)
    yield from check_courier(config)
    policy = EgressPolicy.from_config(config.clients.http, dev=config.dev)
    for index, schema in enumerate(config.identity.schemas):
        path = f"identity.schemas.{index}.url"
        yield from _address(policy, schema.url, path)
        if schema.url.startswith(FILE) and not Path(schema.url.removeprefix(FILE)).is_file():
            yield error("file_not_found", path, f"there is no file {schema.url.removeprefix(FILE)}")
    for hook in list_hooks(config):
        for key in ("url", "body"):
            text = _text(hook.config.get(key))
            yield from _address(policy, text, f"{hook.path}.config.{key}")
            if text.startswith(FILE) and not Path(text.removeprefix(FILE)).is_file():
                file = text.removeprefix(FILE)
                yield warning("file_not_found", f"{hook.path}.config.{key}", f"there is no file {file}")


def _dsn(config: Config) -> Iterator[Problem]:
    text = config.dsn.reveal()
    if not text:
        return
    try:
        parsed = parse_dsn(text)
    except InvalidDsn as wrong:
        yield error(InvalidDsn.code(), "dsn", str(wrong))
        return
    for note in parsed.notes:
        yield warning("dsn_note", "dsn", note)


def _address(policy: EgressPolicy, url: str, path: str) -> Iterator[Problem]:
    """Asks no DNS: a name that leads to a private address is found at the call."""
    refusal = policy.explain(url) if url.startswith(WEB) else None
    if refusal:
        yield warning("egress_blocked", path, refusal)


def _text(value: object) -> str:
    return value.reveal() if isinstance(value, Secret) else value if isinstance(value, str) else ""
