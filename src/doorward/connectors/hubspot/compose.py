"""From a rendered template to a draft: reads its output, coerces each value, adds the consent. Sends nothing."""

from collections.abc import Mapping
from typing import Any

import orjson

from doorward.connectors.hubspot.action_settings import ActionSettings, parse_action
from doorward.connectors.hubspot.catalogue import Catalogue
from doorward.connectors.hubspot.coerce import ValueRefused, coerce
from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.outcomes import pause_action
from doorward.connectors.hubspot.wire import KEY_PROPERTY, consent_property
from doorward.delivery.contract import Discard, Job, Outcome
from doorward.errors import InvalidInput

OUTPUT_KEYS = frozenset({"properties", "lists"})
SHAPE = "{properties: {email: …}, lists: []}"


class TemplateOutputRefused(InvalidInput):
    """The template's output is not what the HubSpot connector takes."""


class PropertyUnknown(InvalidInput):
    """The template writes a property that the portal does not have, or that cannot be written."""

    def __init__(self, code: str, reason: str) -> None:
        self.outcome_code = code
        super().__init__(reason)


def compose(job: Job, catalogue: Catalogue | None) -> Draft | Outcome:
    """The draft, or why there is none: a dead row for a wrong value, a paused action for a wrong property.

    Raises ValueRefused (`may_be_stale`) or PropertyUnknown where a newer catalogue might decide otherwise.
    """
    settings = parse_action(job.action.settings, job.action.path)
    if not isinstance(settings, ActionSettings):
        path, text = settings[0]
        return pause_action("action_misconfigured", f"{path} {text}.")
    try:
        properties, lists = read_output(job.rendered)
        values = {name: _value(name, value, catalogue) for name, value in properties.items()}
    except TemplateOutputRefused as refused:
        return Discard("template_output", f"{refused} Correct the template, then replay the delivery.")
    consent = _consent(job.action.consent, catalogue)
    return Draft(job, settings, {**values, **consent}, lists, frozenset(consent))


def refused_value(refused: ValueRefused) -> Outcome:
    """The outcome when a fresh catalogue refuses the value too."""
    step = "Correct the person's data or the template, then replay the delivery."
    return Discard("property_value", f"{refused} {step}")


def unknown_property(unknown: PropertyUnknown) -> Outcome:
    """The outcome when a fresh catalogue does not have the property either."""
    step = "Create the property in HubSpot or take it out of the template, then resume the action."
    return pause_action(unknown.outcome_code, f"{unknown} {step}")


def read_output(rendered: str | None) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Properties and static lists from the template's output. Raises TemplateOutputRefused."""
    if rendered is None:
        raise TemplateOutputRefused("The action has no template; HubSpot needs one that returns " + SHAPE + ".")
    try:
        output = orjson.loads(rendered)
    except orjson.JSONDecodeError:
        raise TemplateOutputRefused("The template's output is no JSON.") from None
    properties = output.get("properties") if isinstance(output, dict) else None
    if not isinstance(properties, dict) or not properties or not OUTPUT_KEYS.issuperset(output):
        raise TemplateOutputRefused(f"The template must return {SHAPE} and nothing beside.")
    if KEY_PROPERTY in properties:
        raise TemplateOutputRefused(f"The template must not set {KEY_PROPERTY}: it is the contact's key.")
    if not any(properties.get(name) for name in ("email", "firstname", "lastname")):
        raise TemplateOutputRefused("A contact needs an email, a firstname or a lastname.")
    return properties, _lists(output.get("lists"))


def _lists(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or any(isinstance(each, bool) or not str(each).isdecimal() for each in given):
        raise TemplateOutputRefused("The template's lists must be the numbers of static lists, as [123].")
    return tuple(dict.fromkeys(str(each) for each in given))


def _value(name: str, value: Any, catalogue: Catalogue | None) -> str:
    if catalogue is None:
        return coerce(value, name, None)
    definition = catalogue.find(name)
    if definition is None:
        raise PropertyUnknown("property_missing", f"The portal has no contact property {name!r}.")
    if definition.is_read_only:
        raise PropertyUnknown("property_read_only", f"HubSpot's contact property {name!r} cannot be written.")
    return coerce(value, name, definition)


def _consent(purpose: str | None, catalogue: Catalogue | None) -> dict[str, str]:
    """The gate has just said yes: the contact says so too, where the portal has the property for it."""
    name = consent_property(purpose) if purpose else ""
    return {name: "true"} if purpose and catalogue is not None and catalogue.find(name) else {}
