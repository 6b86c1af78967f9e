"""The forms in which people choose where a recovery code goes, and what of an address those see who do not know it."""

import base64
import hashlib
from collections.abc import Sequence

from doorward.flows.messages import Words
from doorward.flows.model import FlowKind, Node
from doorward.flows.nodes import csrf_node, input_node, submit_node
from doorward.flows.proof_form import CODE, METHOD, code_field
from doorward.identities.model import RecoveryAddress

ADDRESS, SELECT, CONFIRM, SCREEN = (
    "recovery_address",
    "recovery_select_address",
    "recovery_confirm_address",
    "screen",
)
BACK = "previous"
SHOWN_OF_LOCAL_PART = 2
SHOWN_OF_NUMBER = (3, 2)
STARS = "****"


def masked(address: str) -> str:
    """`an****@example.org`, `+49****67`: enough for its owner. A local part of one character is shown."""
    local, at, host = address.rpartition("@")
    if at:
        hidden = local if len(local) < SHOWN_OF_LOCAL_PART else local[:SHOWN_OF_LOCAL_PART] + STARS
        return f"{hidden}@{host}"
    first, last = SHOWN_OF_NUMBER
    return address[:first] + STARS + address[-last:] if len(address) > first + last else STARS


def choice_of(address: str) -> str:
    """What a button stands for without naming it: base64 of the SHA-256 (as in Kratos)."""
    return base64.b64encode(hashlib.sha256(address.encode()).digest()).decode()


def asking_nodes(words: Words) -> list[Node]:
    """Any address of the account will do."""
    field = input_node(ADDRESS, "text", CODE, words.say(1070016), required=True)
    return [csrf_node(), field, submit_node(METHOD, CODE, CODE, words.say(1070009))]


def choosing_nodes(words: Words, addresses: Sequence[RecoveryAddress], typed: str) -> list[Node]:
    """One button for each address."""
    buttons = [
        submit_node(SELECT, choice_of(each.value), CODE, words.say(1070000, None, label=masked(each.value)))
        for each in addresses
    ]
    return [csrf_node(), *buttons, _hidden_method(), _typed(typed)]


def confirming_nodes(words: Words, chosen: RecoveryAddress, typed: str) -> list[Node]:
    """The whole of the address that was chosen has to be known."""
    kind, label = ("tel", 1070017) if chosen.via == "sms" else ("email", 1070007)
    field = input_node(CONFIRM, kind, CODE, words.say(label), required=True, value="")
    submit = submit_node(METHOD, CODE, CODE, words.say(1070009))
    return [csrf_node(), field, _typed(typed), submit, _hidden_method(), _back(words)]


def awaiting_nodes(words: Words, confirmed: str, typed: str) -> list[Node]:
    """The code, another one to `confirmed`, or back."""
    again = submit_node(CONFIRM, confirmed, CODE, words.say(1070008))
    submit = submit_node(METHOD, CODE, CODE, words.say(1070009))
    field = code_field(FlowKind.RECOVERY, words)
    return [csrf_node(), field, submit, _hidden_method(), again, _typed(typed), _back(words)]


def _typed(address: str) -> Node:
    return input_node(ADDRESS, "hidden", CODE, value=address)


def _hidden_method() -> Node:
    return input_node(METHOD, "hidden", CODE, value=CODE)


def _back(words: Words) -> Node:
    return submit_node(SCREEN, BACK, CODE, words.say(1060007))
