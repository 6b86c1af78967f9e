"""`courier`: how mail and text messages leave."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from doorward.config.fields import section, setting
from doorward.config.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpConfig:
    """The mail server."""

    connection_uri: Secret | None = setting(
        None,
        "`smtp[s]://user:password@host:port/`, with `?skip_ssl_verify=true` or `?disable_starttls=true` where needed.",
    )
    from_address: str = setting("no-reply@ory.kratos.sh", "The sender's address.")
    from_name: str | None = setting(None, "The sender's name.")
    headers: Mapping[str, str] = section(dict, "More headers for every mail.")
    local_name: str = setting("localhost", "The name given in EHLO.")
    client_cert_path: str = setting("", "Client certificate (PEM) shown to the server.")
    client_key_path: str = setting("", "Its key (PEM).")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestConfig:
    """A message handed over by HTTP."""

    url: str = setting("", "Where to.", required=True)
    method: str = setting("POST", "HTTP method.")
    headers: Mapping[str, str] = section(dict, "More headers.", secret=True)
    body: str | None = setting(None, "Jsonnet that makes the body: file://, base64://, http(s)://.")
    auth: Mapping[str, Any] = section(dict, "`{type: api_key|basic_auth, config: …}`.", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierHttpConfig:
    """Mail by HTTP (`delivery_strategy: http`)."""

    request_config: RequestConfig | None = setting(None, "The request.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """Another way for one kind of message."""

    id: str = setting("", "The kind: `sms` or `email`.", required=True)
    type: Literal["http"] = setting("http", "How it leaves.")
    request_config: RequestConfig = section(RequestConfig, "The request.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierWorkerConfig:
    """How the queue is read."""

    pull_count: int = setting(10, "Taken and ignored: as much is taken as can be sent.", least=1)
    pull_wait: timedelta = setting(
        timedelta(seconds=1),
        "Pause between two looks where nothing wakes the dispatcher, if shorter than `delivery.poll_s`.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierConfig:
    """Mail and text messages."""

    delivery_strategy: Literal["smtp", "http"] = setting("smtp", "How mail leaves.")
    message_retries: int = setting(5, "Tries after the first.", least=0)
    smtp: SmtpConfig = section(SmtpConfig, "The mail server.")
    http: CourierHttpConfig = section(CourierHttpConfig, "Mail by HTTP.")
    channels: tuple[ChannelConfig, ...] = setting((), "Other ways, for instance for text messages.")
    templates: Mapping[str, Any] = section(
        dict,
        "Your own texts (Jinja2) as `<message>.<valid|invalid>.email.{subject,body.html,body.plaintext}` and "
        "`….sms.body.plaintext`.",
    )
    template_override_path: str | None = setting(None, "A folder of your own Jinja2 templates.")
    worker: CourierWorkerConfig = section(CourierWorkerConfig, "The queue.")
