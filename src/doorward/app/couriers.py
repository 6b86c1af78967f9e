"""Puts the courier together from the configuration: who sends which channel, with which templates, how often."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from doorward.actions.model import Action, RetryPolicy, Trigger
from doorward.actions.record import ActionRecorder
from doorward.actions.resolve import ActionTable
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.clock import Clock
from doorward.config.model import Config
from doorward.config.model_courier import CourierConfig, RequestConfig
from doorward.connectors.courier_http import HttpCarrier, read_request
from doorward.connectors.letters import Carrier, LetterConnector, MailboxCarrier, NoCarrier
from doorward.connectors.smtp.carrier import SmtpCarrier
from doorward.connectors.smtp.settings import Sender, read_server
from doorward.courier.destinations import BY_CHANNEL, COURIER_HTTP, SMTP, action_of
from doorward.courier.enqueue import QUEUED
from doorward.courier.mailbox import Mailbox
from doorward.courier.model import Channel
from doorward.courier.overrides import read_overrides
from doorward.courier.rendering import MessageRenderer
from doorward.courier.store import forget_person
from doorward.identities.events import EventKind, IdentityEvent, Recorded
from doorward.security.egress import Egress
from doorward.storage.contract import Database, Transaction

SECONDS = (1, 5, 15, 60, 180, 600, 1800, 3600)
"""Waits between tries; the last one is repeated."""
NO_MAIL = "No mail server is configured. Set courier.smtp.connection_uri, then replay the delivery."
NO_SMS = "No way for text messages is configured. Add a channel with id sms to courier.channels, then replay it."


def courier_connectors(config: Config) -> dict[Channel, str]:
    """The connector of each channel."""
    return {
        channel: COURIER_HTTP if _request_of(config.courier, channel) or channel is Channel.SMS else SMTP
        for channel in Channel
    }


def may_mail(config: Config) -> bool:
    """Whether mail can leave, or is kept for the development mailbox."""
    has_server = config.courier.smtp.connection_uri is not None
    return config.dev or has_server or _request_of(config.courier, Channel.EMAIL) is not None


def letter_connectors(
    config: Config, database: Database, egress: Egress, sandbox: Sandbox, clock: Clock
) -> Mapping[str, LetterConnector]:
    """A connector for every destination of messages. Raises BadSmtpSettings, BadCourierRequest."""
    templates = TemplateSource(egress, clock)
    renderer = MessageRenderer(read_overrides(config.courier), templates)
    mailbox = Mailbox(database, clock) if config.dev else None

    def carrier(channel: Channel) -> Carrier:
        found = _request_of(config.courier, channel)
        if found is not None:
            return HttpCarrier(read_request(*found), egress, sandbox, templates, clock)
        if channel is Channel.EMAIL and config.courier.smtp.connection_uri is not None:
            smtp = config.courier.smtp
            server = read_server(smtp, refuses_private=config.clients.smtp.disallow_private_ip_ranges)
            return SmtpCarrier(server, Sender(smtp.from_address, smtp.from_name or "", smtp.headers))
        if config.dev:
            return MailboxCarrier()
        return NoCarrier("no_channel", NO_MAIL if channel is Channel.EMAIL else NO_SMS)

    return {
        destination: LetterConnector(carrier(channel), renderer, mailbox, clock)
        for channel, destinations in BY_CHANNEL.items()
        for destination in destinations
    }


class ForgettingRecorder:
    """The recorder of actions, and the courier, which forgets whom it wrote to when they are deleted."""

    def __init__(self, actions: ActionRecorder) -> None:
        self._actions = actions

    def hears(self, event: IdentityEvent) -> bool:
        return event.kind is EventKind.DELETED or self._actions.hears(event)

    async def record(self, tx: Transaction, event: IdentityEvent) -> Recorded:
        recorded = await self._actions.record(tx, event)
        if event.kind is EventKind.DELETED:
            await forget_person(tx, event.identity.id, event.at)
        return recorded


class AllActions:
    """The configured actions, and those that stand for messages when the dispatcher asks for a row's."""

    def __init__(self, table: ActionTable, config: Config) -> None:
        self._table = table
        self._letters = {action_of(channel): _action(config, channel) for channel in Channel}

    def find_action(self, name: str) -> Action | None:
        return self._letters.get(name) or self._table.find_action(name)

    def list_actions(self) -> Sequence[Action]:
        """Without messages: they are about no identity that could be accounted for."""
        return self._table.list_actions()


def _action(config: Config, channel: Channel) -> Action:
    tries = config.courier.message_retries
    delays = [*SECONDS[:tries], *[SECONDS[-1]] * (tries - len(SECONDS))]
    return Action(
        name=action_of(channel),
        trigger=Trigger(QUEUED),
        connector=courier_connectors(config)[channel],
        destination=BY_CHANNEL[channel][0],
        path="courier",
        settings={},
        retry=RetryPolicy(tuple(timedelta(seconds=each) for each in delays)),
    )


def _request_of(config: CourierConfig, channel: Channel) -> tuple[RequestConfig, str] | None:
    """The HTTP request that takes a channel's messages, and where in the configuration it stands."""
    for index, each in enumerate(config.channels):
        if each.id == channel:
            return each.request_config, f"courier.channels.{index}.request_config"
    if channel is Channel.EMAIL and config.delivery_strategy == "http" and config.http.request_config is not None:
        return config.http.request_config, "courier.http.request_config"
    return None
