"""What the forms of the portal page do. Each answers a sentence, or where to go next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portalsim.control.stories import STORIES, tell
from portalsim.definitions import Definition
from portalsim.happenings import BadHappening, happen
from portalsim.limits import PLANS
from portalsim.portal import Portal
from portalsim.problems import Problem
from portalsim.properties import NAME
from portalsim.seeding import seed_contacts
from portalsim.switches import UnknownSwitch

Form = Mapping[str, str]
MOST_SEEDED = 100_000
HOME = "/portal"


@dataclass(frozen=True, slots=True)
class Done:
    """`go_to`: the page to show next; else the portal page with `text`."""

    text: str = ""
    go_to: str = ""
    is_bad: bool = False


def submit(portal: Portal, what: str, form: Form) -> Done:
    action = _FORMS.get(what)
    if action is None:
        return Done(f"There is no form {what}.", is_bad=True)
    try:
        with portal.database.together():
            return action(portal, form)
    except (BadHappening, UnknownSwitch) as wrong:
        return Done(str(wrong).capitalize() + ".", is_bad=True)
    except Problem as refused:
        return Done(str(refused.body.get("message", "")), is_bad=True)


def _reset(portal: Portal, form: Form) -> Done:
    if form.get("sure") != "reset":
        return Done("Type reset into the field to empty the portal.", is_bad=True)
    portal.reset()
    return Done(go_to="/")


def _seed(portal: Portal, form: Form) -> Done:
    count = form.get("count", "100")
    if not count.isdigit() or not 1 <= int(count) <= MOST_SEEDED:
        return Done(f"Seed 1 to {MOST_SEEDED:,} contacts at a time.", is_bad=True)
    seed_contacts(portal, int(count), "example.org")
    return Done(go_to="/")


def _plan(portal: Portal, form: Form) -> Done:
    if form.get("name") not in PLANS:
        return Done("There is no such plan.", is_bad=True)
    portal.set_plan(PLANS[form["name"]])
    portal.limits.reset()
    return Done(go_to=f"{HOME}#plan")


def _switch(portal: Portal, form: Form) -> Done:
    portal.flip(form.get("name", ""), form.get("value", ""))
    return Done(go_to=f"{HOME}#switches")


def _story(portal: Portal, form: Form) -> Done:
    if form.get("name") not in STORIES:
        return Done("There is no such story.", is_bad=True)
    tell(portal, form["name"])
    return Done(go_to=f"{HOME}#faults")


def _calm(portal: Portal, form: Form) -> Done:
    portal.faults.clear()
    return Done(go_to=f"{HOME}#faults")


def _advance(portal: Portal, form: Form) -> Done:
    seconds = {"hour": 3_600, "day": 86_400, "90 days": 90 * 86_400}.get(form.get("by", ""))
    if seconds is None:
        return Done("The clock moves by an hour, a day or 90 days.", is_bad=True)
    portal.clock.advance(seconds)
    return Done(go_to=f"{HOME}#clock")


def _rotate(portal: Portal, form: Form) -> Done:
    value = happen(portal, {"action": "rotate_token", "token": form.get("token"), "days": 7})["value"]
    return Done(f"The new token, shown this once: {value} (the old one works for 7 more days)")


def _revoke(portal: Portal, form: Form) -> Done:
    happen(portal, {"action": "revoke_token", "token": form.get("token")})
    return Done(go_to=f"{HOME}#tokens")


def _create_property(portal: Portal, form: Form) -> Done:
    name, label = form.get("name", "").strip(), form.get("label", "").strip()
    if not NAME.fullmatch(name) or portal.catalogue.find(name) is not None:
        return Done(f"{name or 'An empty name'} is taken or is no name: a-z, 0-9 and underscores.", is_bad=True)
    now_ms = portal.clock.now_ms()
    portal.catalogue.put(
        Definition(
            name,
            label or name,
            "string",
            "text",
            "contactinformation",
            unique="unique" in form,
            created_ms=now_ms,
            updated_ms=now_ms,
        )
    )
    return Done(go_to=f"{HOME}#properties")


def _archive_property(portal: Portal, form: Form) -> Done:
    happen(portal, {"action": "archive_property", "name": form.get("name")})
    return Done(go_to=f"{HOME}#properties")


_FORMS: Mapping[str, Callable[[Portal, Form], Done]] = {
    "reset": _reset,
    "seed": _seed,
    "plan": _plan,
    "switch": _switch,
    "story": _story,
    "calm": _calm,
    "advance": _advance,
    "rotate": _rotate,
    "revoke": _revoke,
    "create-property": _create_property,
    "archive-property": _archive_property,
}
