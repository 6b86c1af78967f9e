"""What several keys together must satisfy: names that exist, ports that are not left open, secrets that are there."""

import fnmatch
import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from doorward.config.hooks import list_hooks
from doorward.config.model import Config
from doorward.config.problems import Problem, error, warning

ADD_LINE = "add `secrets: {{{name}: [TEXT]}}`, or set {variable}; `openssl rand -hex 32` makes a TEXT"
CIPHER_CHARACTERS = 32


def check_rules(config: Config) -> Iterator[Problem]:
    """Every problem that no single key shows."""
    for rule in (
        _schemas,
        _secrets,
        _ports,
        _proxies,
        _cors,
        _flows,
        _destinations,
        _actions,
        _cookies,
        _tracing,
        _crm,
        _blocked,
    ):
        yield from rule(config)


def is_loopback(host: str) -> bool:
    """Whether a bind to this host is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _schemas(config: Config) -> Iterator[Problem]:
    ids = [schema.id for schema in config.identity.schemas]
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield error("duplicate", f"identity.schemas.{index}.id", f"another schema is called {name!r} already")
    if ids and config.identity.default_schema_id not in ids:
        known = ", ".join(ids)
        yield error("unknown_schema", "identity.default_schema_id", f"expected the id of a schema: one of {known}")


def _secrets(config: Config) -> Iterator[Problem]:
    if config.dev:
        return
    if not config.secrets.for_cookie():
        yield error("missing", "secrets.cookie", ADD_LINE.format(name="cookie", variable="SECRETS_COOKIE"))
    if not config.secrets.for_cipher():
        yield error("missing", "secrets.cipher", ADD_LINE.format(name="cipher", variable="SECRETS_CIPHER"))
    elif any(len(one.reveal()) < CIPHER_CHARACTERS for one in config.secrets.for_cipher()):
        line = ADD_LINE.format(name="cipher", variable="SECRETS_CIPHER")
        yield error("missing", "secrets.cipher", f"secrets.default is too short for encryption; {line}")


def _ports(config: Config) -> Iterator[Problem]:
    for name, host in (("public", config.serve.public.host), ("admin", config.serve.admin.host)):
        if host.startswith("unix:"):
            yield error(
                "wrong_value", f"serve.{name}.host", "expected a host name or address: Doorward listens on TCP only"
            )
    admin = config.serve.admin
    if not is_loopback(admin.host) and not admin.host.startswith("unix:") and not admin.api_keys:
        if not admin.open:
            yield error(
                "admin_open",
                "serve.admin.host",
                f"{admin.host or 'every interface'} is reachable from outside and the admin API rules everything:"
                " set serve.admin.api_keys, or host: 127.0.0.1, or open: true if something else guards this port",
            )
        else:
            yield warning("admin_open", "serve.admin.open", "whoever reaches the admin port rules everything")
    if config.serve.public.port == admin.port != 0:
        yield error("duplicate", "serve.admin.port", f"the public port is {admin.port} already")


def _proxies(config: Config) -> Iterator[Problem]:
    for index, text in enumerate(config.serve.public.trusted_proxies):
        try:
            ipaddress.ip_network(text)
        except ValueError:
            path = f"serve.public.trusted_proxies.{index}"
            yield error("wrong_value", path, "expected a network: 203.0.113.0/24, 2001:db8::/32 or one address")


def _cors(config: Config) -> Iterator[Problem]:
    """Cookies that go along from other sites, and answers that every site may read, are open accounts together."""
    cors, same_site = config.serve.public.cors, config.session.cookie.same_site or config.cookies.same_site
    if cors.enabled and cors.allow_credentials and "*" in cors.allowed_origins and same_site == "None":
        text = "with SameSite=None pages of every site ask as whoever looks at them: name your own origins"
        yield warning("cors_open", "serve.public.cors.allowed_origins", text)


def _flows(config: Config) -> Iterator[Problem]:
    flows, methods = config.selfservice.flows, config.selfservice.methods
    for name, flow in (("recovery", flows.recovery), ("verification", flows.verification)):
        if flow.enabled and not methods[flow.use].enabled:
            path = f"selfservice.flows.{name}.use"
            yield warning(
                "method_off", path, f"the method {flow.use} is off: set selfservice.methods.{flow.use}.enabled"
            )
    for name, method in methods.items():
        for key in ("passwordless_enabled", "mfa_enabled"):
            if name != "code" and getattr(method, key):
                yield error("unknown_key", f"{method.path}.{key}", "only the method code has this key")
    code = methods["code"]
    if code.passwordless_enabled and code.mfa_enabled:
        yield error("conflict", f"{code.path}.mfa_enabled", "a code cannot be both the first and the second factor")


def _destinations(config: Config) -> Iterator[Problem]:
    for hook in list_hooks(config):
        named = hook.config.get("destination")
        if hook.hook == "hubspot" and named is None:
            yield error("missing", f"{hook.path}.config.destination", "this key is required: the name of a destination")
        if isinstance(named, str) and named not in config.destinations:
            known = ", ".join(config.destinations) or "none yet"
            text = f"expected the name of a destination ({known}): add `destinations.{named}` with its connector"
            yield error("unknown_destination", f"{hook.path}.config.destination", text)


def _actions(config: Config) -> Iterator[Problem]:
    names = [action.name for action in config.actions]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            yield error("duplicate", f"actions.{index}.name", f"another action is called {name!r} already")


def _cookies(config: Config) -> Iterator[Problem]:
    for path, same_site, secure in (
        ("cookies", config.cookies.same_site, config.cookies.secure),
        ("session.cookie", config.session.cookie.same_site, config.session.cookie.secure),
    ):
        if same_site == "None" and secure is False:
            yield warning(
                "cookie_dropped", f"{path}.same_site", "browsers drop SameSite=None cookies that are not secure"
            )


def _tracing(config: Config) -> Iterator[Problem]:
    provider = config.tracing.provider
    if provider in ("jaeger", "zipkin"):
        text = f"has no effect: {provider} is not spoken; use `provider: otel` and tracing.providers.otlp"
        yield warning("ignored", "tracing.provider", text)


def _crm(config: Config) -> Iterator[Problem]:
    """A person's data may go to a CRM only for a reason; a plain web_hook states none."""
    for hook in list_hooks(config):
        url = hook.config.get("url")
        if hook.hook != "web_hook" or not isinstance(url, str) or "hubapi.com/" not in f"{url}/":
            continue
        if "consent" not in hook.config and "basis" not in hook.config:
            text = (
                "sends people to HubSpot without `consent` or `basis`; `hook: hubspot` asks for one and never doubles"
            )
            yield warning("no_legal_basis", hook.path, text)


def _blocked(config: Config) -> Iterator[Problem]:
    """Hooks whose address the guard of outgoing calls will refuse, as far as the address itself tells."""
    http = config.clients.http
    refuses_private = not config.dev if http.disallow_private_ip_ranges is None else http.disallow_private_ip_ranges
    for hook in list_hooks(config):
        url = hook.config.get("url")
        kind = _kind_of_host(url) if isinstance(url, str) else None
        is_excepted = any(fnmatch.fnmatchcase(str(url), one) for one in http.private_ip_exception_urls)
        if kind == "link-local" or (kind and refuses_private and not is_excepted):
            advice = (
                "it is never called" if kind == "link-local" else "list it in clients.http.private_ip_exception_urls"
            )
            yield warning(
                "egress_blocked", f"{hook.path}.config.url", f"this is a {kind} address and will be refused: {advice}"
            )


def _kind_of_host(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        return None
    if address.is_link_local:
        return "link-local"
    return "loopback" if address.is_loopback else "private" if address.is_private else None
