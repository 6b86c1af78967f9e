"""Refusals of the flow engine. Codes and occasions are Kratos's; statuses and rendering are `web.problems`' part."""

from datetime import datetime
from typing import Any
from uuid import UUID

from doorward.errors import Conflict, DoorwardError, Forbidden, InvalidInput, NotFound, Unauthorised
from doorward.flows.model import Flow, FlowKind, FlowType

ANSWERS_500 = (FlowKind.LOGIN, FlowKind.REGISTRATION)


class FlowNotFound(NotFound):
    """The requested resource could not be found"""


class FlowIdMissing(InvalidInput):
    """The flow query parameter is missing or malformed."""


class SelfServiceFlowDisabled(InvalidInput):
    """This flow is not open."""


class SelfServiceFlowReturnToForbidden(InvalidInput):
    """The requested return_to URL is not allowed."""


class SessionAlreadyAvailable(InvalidInput):
    """You are already signed in."""


class TooManyAttempts(DoorwardError):
    """Too many attempts failed. Wait a little, then try again."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__()


class TooManyMessages(TooManyAttempts):
    """Codes or links were asked for too often. Wait some minutes, then ask again."""


class SessionInactive(Unauthorised):
    """Nobody is signed in here, or not any more."""

    def __init__(self, reason: str | None = None, *, is_browser: bool = False) -> None:
        """`is_browser`: a browser was asking; Kratos tells it more than others."""
        self.is_browser = is_browser
        super().__init__(reason)


class SessionMissing(Unauthorised):
    """Nobody is signed in here, or not any more. Sign in, and start again."""

    def __init__(self, sign_in_url: str = "") -> None:
        """`sign_in_url` is the page that a browser is sent to; "": it is told like everybody else."""
        self.sign_in_url = sign_in_url
        super().__init__()


class SecurityIdentityMismatch(Forbidden):
    """This form belongs to somebody else. Start your own."""


class SessionAal1Required(Unauthorised):
    """Sign in first; then a second factor can be asked for."""


class LoginElsewhereRequired(Forbidden):
    """Signing in again, or with a second factor, is needed first."""

    def __init__(self, redirect_browser_to: str) -> None:
        """`redirect_browser_to` starts the login: JSON clients find it in the error, browsers are sent there."""
        self.redirect_browser_to = redirect_browser_to
        super().__init__()


class SessionRefreshRequired(LoginElsewhereRequired):
    """The sign-in is too long ago for this change. Sign in again."""


class SessionAal2Required(LoginElsewhereRequired):
    """This account needs its second factor first."""

    def __init__(self, redirect_browser_to: str) -> None:
        """Kratos has the address in the details, too."""
        super().__init__(redirect_browser_to)
        self.details = {"redirect_browser_to": redirect_browser_to}


class SessionVerifiedAddressRequired(InvalidInput):
    """None of this account's addresses is confirmed yet. Look for the code that was just sent, and confirm one."""


class BrowserLocationChangeRequired(InvalidInput):
    """The browser has to load another page to go on."""

    def __init__(self, redirect_browser_to: str) -> None:
        self.redirect_browser_to = redirect_browser_to
        super().__init__()


class SecurityCsrfViolation(Forbidden):
    """The request was rejected to protect you from Cross-Site-Request-Forgery."""

    def __init__(self, reason: str | None = None, csrf_cookie: str = "", **details: Any) -> None:
        """`csrf_cookie` is the token that the browser holds from now on, "" to keep the one it has."""
        self.csrf_cookie = csrf_cookie
        super().__init__(reason, **details)


class SchemaNotSelectable(InvalidInput):
    """The requested identity_schema cannot be chosen."""


class UnreadableSubmission(InvalidInput):
    """The form could not be read."""


class SelfServiceFlowExpired(Conflict):
    """The self-service flow expired. Start a new one."""

    def __init__(
        self, expired_at: datetime, now: datetime, use_flow_id: UUID | None = None, has_id: bool = True, **details: Any
    ) -> None:
        """`use_flow_id` is the flow that takes its place (submit); `details` say where to start anew (fetch).

        `has_id`: whether the answer carries the id of this error; Kratos leaves it out in places.
        """
        self.has_id = has_id
        self.expired_at = expired_at
        self.since = now - expired_at
        self.use_flow_id = use_flow_id
        super().__init__(f"The self-service flow expired {minutes(now, expired_at)} minutes ago.", **details)


class SelfServiceFlowReplaced(Conflict):
    """This form is done with. Go on with the new one."""

    def __init__(self, use_flow_id: UUID) -> None:
        self.use_flow_id = use_flow_id
        super().__init__()


class VerificationClosed(InvalidInput):
    """Addresses are not verified here: verification is switched off."""


class RecoveryClosed(InvalidInput):
    """Accounts are not recovered here: recovery is switched off."""


class RecoveryStartsAnew(InvalidInput):
    """This did not work. Start again with the new form."""

    def __init__(self, reason: str, flow_id: UUID) -> None:
        """Clients that go by `continue_with` find the new flow there."""
        super().__init__(reason, continue_with=[show_recovery(flow_id)])


class RecoveryVetoed(DoorwardError):
    """This account may not be recovered at the moment. The new form says why."""

    def __init__(self, flow_id: UUID) -> None:
        """Clients that go by `continue_with` find the new flow there."""
        super().__init__(continue_with=[show_recovery(flow_id)])


class FailedAfterwards(DoorwardError):
    """Something that came afterwards failed."""

    def __init__(self, error: DoorwardError, csrf_cookie: str) -> None:
        """`error` is what the client is told; what it asked for is stored, and its browser holds `csrf_cookie` now."""
        self.error = error
        self.csrf_cookie = csrf_cookie
        super().__init__()


class WebHookFailed(DoorwardError):
    """A third-party upstream service responded improperly. Please try again later."""


class WebHookTimedOut(WebHookFailed):
    """A third-party upstream service could not be reached. Please try again later."""


class MigrationUnreachable(WebHookFailed):
    """A third-party upstream service could not be reached. Please try again later."""


class WebHookBroken(WebHookFailed):
    """An internal server error occurred, please contact the system administrator"""

    def __init__(self, *, is_native: bool = False) -> None:
        """`is_native`: the client is an app; Kratos gives it another status (never another body)."""
        self.is_native = is_native
        super().__init__()


def web_hook_broken(flow: Flow) -> WebHookBroken:
    """The error of a submit. Kratos tells programs 400 in all kinds of flows but two, and apps in these, too."""
    return WebHookBroken(is_native=flow.type is FlowType.API or flow.kind not in ANSWERS_500)


def show_recovery(flow_id: UUID) -> dict[str, Any]:
    """The item of `continue_with` that leads to a recovery form."""
    return {"action": "show_recovery_ui", "flow": {"id": str(flow_id)}}


def minutes(now: datetime, since: datetime) -> str:
    """`1.25`: how long ago, as Kratos's texts say it."""
    return f"{(now - since).total_seconds() / 60:.2f}"
