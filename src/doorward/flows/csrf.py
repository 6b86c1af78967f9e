"""Who may submit a flow: the browser that holds its CSRF cookie, or a native client that is no browser at all."""

from doorward.flows.errors import SecurityCsrfViolation
from doorward.flows.form import FormProblem
from doorward.flows.messages import Words
from doorward.flows.model import Flow, FlowType
from doorward.flows.request import FlowRequest
from doorward.security.tokens import is_csrf_match, is_equal

NOT_FOR_BROWSERS = (
    "This form was started for a native app. A browser has to start its own; an app sends neither cookies nor Origin."
)


def check_sender(flow: Flow, request: FlowRequest, token: str, words: Words) -> FormProblem | None:
    """A problem for the form when a browser submits an API flow. Raises SecurityCsrfViolation.

    An API flow has no CSRF token: if browsers could submit it, any site could do so in a visitor's name.
    """
    if flow.type is FlowType.API:
        if request.comes_from_browser:
            return FormProblem(None, words.say(4000001, {"reason": NOT_FOR_BROWSERS}))
        return None
    if not request.csrf_cookie or not is_csrf_match(request.csrf_cookie, token):
        raise SecurityCsrfViolation
    return None


def check_reader(flow: Flow, request: FlowRequest) -> None:
    """A browser flow is shown to the browser that started it only. Raises SecurityCsrfViolation."""
    if flow.type is FlowType.BROWSER and not is_equal(flow.csrf_token, request.csrf_cookie):
        raise SecurityCsrfViolation
