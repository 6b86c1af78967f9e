"""Changing one's own traits. What identifies or reaches a person is changed after a recent sign-in only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from doorward.flows.consents import changed_consents
from doorward.flows.contract import Refused
from doorward.flows.errors import UnreadableSubmission
from doorward.flows.form import FormProblem, trait_values, with_members, with_problems, with_values
from doorward.flows.model import Flow, Node
from doorward.flows.nodes import submit_node, trait_node
from doorward.flows.payload import payload_problems, read_payload
from doorward.flows.registration_form import filled_traits
from doorward.flows.request import FieldTypes
from doorward.flows.settings_contract import Redisplayed, RefusedForm, Revised, SettingsForm, SettingsView
from doorward.flows.violations import problems_of
from doorward.identities.marked import MARKED
from doorward.identities.model import Identity
from doorward.identities.schema import IdentitySchema

GROUP = "profile"


class ProfileSettings:
    """`selfservice.methods.profile`, in settings."""

    name = "profile"

    @property
    def fields(self) -> FieldTypes:
        return {}

    def begin(self, identity: Identity) -> Mapping[str, Any]:
        return {}

    def nodes(self, view: SettingsView) -> Sequence[Node]:
        """A field for each trait, with its value, and the button."""
        values = trait_values(view.identity.traits)
        fields = [trait_node(each, view.words) for each in view.schema.form_fields() if each.type != "object"]
        return (
            *(
                replace(each, group=GROUP)
                for node in fields
                for each in with_members((_valued(node, values),), view.identity.traits)
            ),
            submit_node("method", self.name, GROUP, view.words.say(1070003)),
        )

    def is_mine(self, form: SettingsForm) -> bool:
        return form.values.get("method") == self.name

    def is_privileged(self, form: SettingsForm) -> bool:
        """Whether an identifier or an address would be another than now."""
        return _marks(form.schema, _traits(form)) != _marks(form.schema, form.identity.traits)

    def check(self, form: SettingsForm) -> RefusedForm | None:
        """Traits that the schema refuses. Raises UnreadableSubmission."""
        traits = _traits(form)
        violations = form.schema.validate(traits)
        payload = payload_problems(read_payload(form.values), form.words)
        problems = (*problems_of(violations, traits, form.words), *payload)
        return RefusedForm(_typed(form.flow, traits, problems)) if problems else None

    async def revise(self, form: SettingsForm) -> Revised | Redisplayed | Refused | RefusedForm:
        """The traits as a whole take the place of those before. Raises UnreadableSubmission."""
        refused = self.check(form)
        if refused is not None:
            return refused
        traits = _traits(form)
        consents = changed_consents(form.flow, form.schema, form.identity.traits, traits, read_payload(form.values))

        def edit(before: Identity, _at: datetime) -> Identity:
            return replace(before, traits=traits)

        return Revised(edit, consents, typed=_typed(form.flow, traits, ()))


def _traits(form: SettingsForm) -> dict[str, Any]:
    traits = form.values.get("traits")
    if isinstance(traits, list):
        raise UnreadableSubmission("traits have to be an object.")
    return filled_traits(traits if isinstance(traits, Mapping) else {}, form.schema)


def _marks(schema: IdentitySchema, traits: Mapping[str, Any]) -> tuple[object, ...]:
    """Everything that is derived from traits and lets somebody in."""
    return (
        *(schema.identifiers(traits, kind) for kind in MARKED),
        schema.addresses(traits, "verification"),
        schema.addresses(traits, "recovery"),
    )


def _typed(flow: Flow, traits: Mapping[str, Any], problems: Sequence[FormProblem]) -> Flow:
    """What was typed, and nothing else; the form's own messages stay (as in Kratos)."""
    emptied = [_valued(node, {}) if node.name.startswith("traits.") else node for node in flow.ui.nodes]
    ui = with_values(flow.with_ui(nodes=emptied).ui, trait_values(traits))
    shown = with_problems(ui, problems)
    return replace(flow, ui=replace(shown, messages=(*flow.ui.messages, *shown.messages)))


def _valued(node: Node, values: Mapping[str, Any]) -> Node:
    attributes = {name: value for name, value in node.attributes.items() if name != "value"}
    if node.name in values:
        attributes["value"] = values[node.name]
    return replace(node, attributes=attributes)
