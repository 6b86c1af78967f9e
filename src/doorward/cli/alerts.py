"""`doorward alerts`: what is or was wrong and who was told; a message to see whether the receiver hears."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click

from doorward.app.alerting import find_receiver, watch_settings
from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, print_table, run, say
from doorward.clock import rfc3339
from doorward.delivery.alerts.message import trial_body
from doorward.delivery.alerts.model import Alert, Event, Message
from doorward.delivery.alerts.sender import Answer, post
from doorward.delivery.alerts.store import list_messages, list_recent
from doorward.delivery.alerts.words import commands_for, sentence, step_for
from doorward.errors import Misconfigured, Unavailable
from doorward.ids import new_secret_id


class NoReceiver(Misconfigured):
    """There is no alerts.url, so alerts are only written to the log."""


class AlertNotReceived(Unavailable):
    """The receiver did not take the message."""


@click.group()
def alerts() -> None:
    """What stopped, since when, what to do; and whether somebody was told."""


@alerts.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="At most this many.")
@installation_options
@json_option
def list_(limit: int, config: Sources, as_json: bool) -> None:
    """List alerts: those that are open first, then those that are over (for 30 days)."""

    async def work() -> list[tuple[Alert, list[Message]]]:
        async with opened_core(config) as core:
            found = await list_recent(core.database.reader, limit)
            messages: defaultdict[UUID, list[Message]] = defaultdict(list)
            for each in await list_messages(core.database.reader, [alert.id for alert in found]):
                messages[each.alert_id].append(each)
            return [(alert, messages[alert.id]) for alert in found]

    shown = [_shown(alert, messages) for alert, messages in run(work())]
    if as_json:
        print_json(shown)
        return
    columns = ("since", "ended_at", "what", "reason", "step", "sent")
    print_table(columns, [[each[column] for column in columns] for each in shown])


@alerts.command()
@installation_options
@json_option
def test(config: Sources, as_json: bool) -> None:
    """Send a signed test message to alerts.url now, and show the answer."""

    async def work() -> tuple[str, Answer]:
        async with opened_core(config) as core:
            receiver = find_receiver(core.config)
            if receiver is None:
                raise NoReceiver("Set alerts.url and alerts.signing_secrets; without them only the log is told.")
            message_id, now = f"msg_{new_secret_id()}", core.clock.now()
            body = trial_body(watch_settings(core.config), now)
            return message_id, await post(core.egress, receiver, message_id, body, now)

    message_id, answer = run(work())
    told = {"webhook_id": message_id, "http_status": answer.http_status, "arrived": answer.problem is None}
    if as_json:
        print_json({**told, "problem": answer.problem})
    elif answer.problem is None:
        say(f"The receiver answered {answer.http_status} to {message_id}.")
    if answer.problem is not None:
        raise click.ClickException(f"{answer.problem} [{AlertNotReceived.code()}]")


def _shown(alert: Alert, messages: list[Message]) -> Mapping[str, Any]:
    trouble, is_over = alert.trouble, alert.ended_at is not None
    event = Event.RECOVERED if is_over else Event.RAISED
    return {
        "id": str(alert.id),
        "kind": str(trouble.subject.kind),
        "scope": trouble.subject.scope,
        "name": trouble.subject.name,
        "code": trouble.code,
        "what": sentence(event, trouble),
        "reason": trouble.reason,
        "step": step_for(event, trouble),
        "commands": commands_for(event, trouble.subject),
        "count": trouble.number,
        "since": rfc3339(trouble.since),
        "until": None if trouble.until is None else rfc3339(trouble.until),
        "ended_at": None if alert.ended_at is None else rfc3339(alert.ended_at),
        "told": alert.told,
        "sent": f"{sum(each.sent_at is not None for each in messages)} of {len(messages)}",
        "messages": [_message(each) for each in messages],
    }


def _message(message: Message) -> Mapping[str, Any]:
    return {
        "webhook_id": f"msg_{message.id}",
        "number": message.number,
        "attempts": message.attempts,
        "http_status": message.http_status,
        "problem": message.problem,
        "sent_at": None if message.sent_at is None else rfc3339(message.sent_at),
        "given_up_at": None if message.given_up_at is None else rfc3339(message.given_up_at),
    }
