"""Messages of a verification pile up, but not for ever."""

from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import Ui
from doorward.flows.nodes import input_node
from doorward.flows.proof_form import MESSAGES_MAX, with_more_problems


def test_messages_pile_up_and_the_oldest_go() -> None:
    ui = Ui(action="", nodes=(input_node("email", "email", "code"),))
    for number in range(MESSAGES_MAX + 5):
        message = Message(number, "", "error")
        ui = with_more_problems(ui, [FormProblem(None, message), FormProblem("email", message)])
    newest = list(range(5, MESSAGES_MAX + 5))
    assert [message.id for message in ui.messages] == newest
    assert [message.id for message in ui.nodes[0].messages] == newest
