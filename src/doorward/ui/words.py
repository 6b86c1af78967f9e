"""What the pages say beside what flows and schemas say themselves. British English, short, no blame."""

from collections.abc import Mapping
from dataclasses import dataclass

# Said by the form itself: a single way to go on needs no choosing.
UNSPOKEN = frozenset({1040009})
# Hidden fields that tell whose form this is, by the last part of their names.
ACCOUNT = ("email", "phone", "username", "identifier")

# By the last part of a trait's name: what browsers and password managers know about persons (HTML, autofill detail).
AUTOCOMPLETE: Mapping[str, str] = {
    "identifier": "username",
    "totp_code": "one-time-code",
    "first": "given-name",
    "first_name": "given-name",
    "firstname": "given-name",
    "given_name": "given-name",
    "last": "family-name",
    "last_name": "family-name",
    "lastname": "family-name",
    "family_name": "family-name",
    "username": "username",
    "nickname": "nickname",
    "company": "organization",
    "organization": "organization",
    "job_title": "organization-title",
    "phone": "tel",
    "country": "country-name",
    "city": "address-level2",
    "postcode": "postal-code",
    "zip": "postal-code",
    "street": "street-address",
    "website": "url",
    "birthday": "bday",
}


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What happened, what it means, what to do."""

    title: str
    text: str
    advice: str


ERRORS: Mapping[str, ErrorWords] = {
    "session_inactive": ErrorWords("You are not signed in", "Nothing was changed.", "Sign in, then try again."),
    "session_aal1_required": ErrorWords("You are not signed in", "Nothing was changed.", "Sign in, then try again."),
    "session_already_available": ErrorWords(
        "You are signed in already", "Nothing was changed.", "Go on, or sign out first."
    ),
    "security_csrf_violation": ErrorWords(
        "We could not check that this came from you",
        "Nothing was saved. This happens when cookies are blocked, or when the form was opened in another browser.",
        "Open the form again and send it once more.",
    ),
    "self_service_flow_expired": ErrorWords(
        "This form was open for too long", "Nothing was saved, for your safety.", "Start again; it takes a minute."
    ),
    "self_service_flow_disabled": ErrorWords(
        "This is closed",
        "It cannot be done here at the moment.",
        "Please contact the people who run this site.",
    ),
    "self_service_flow_return_to_forbidden": ErrorWords(
        "This link leads somewhere unexpected",
        "It would have sent you to an address that this site does not know.",
        "Nothing was saved. Go back to where you came from and try another link.",
    ),
}
GONE = ErrorWords(
    "This page is no longer here", "The link is incomplete, or too old. Nothing was lost.", "Start again from the form."
)
REFUSED = ErrorWords("That did not work", "Nothing was saved.", "Start again from the form.")
UPSTREAM = ErrorWords(
    "Another service did not answer",
    "It is needed to finish this. If you were signing up, your account may already have been made.",
    "Wait a minute, then try again. If your address is already taken, the account is there.",
)
OURS = ErrorWords(
    "Something went wrong on our side",
    "We have logged it. We cannot say for certain whether your last step was saved.",
    "Wait a minute, then try again.",
)
AWAY = ErrorWords(
    "We cannot do this right now", "A part of this site is not answering. Nothing was lost.", "Try again in a minute."
)


def error_words(status: int, error_id: str) -> ErrorWords:
    """The words for an error, by its id or else by its kind."""
    if error_id in ERRORS:
        return ERRORS[error_id]
    by_status = {404: GONE, 410: GONE, 502: UPSTREAM, 503: AWAY, 504: UPSTREAM}
    return by_status.get(status) or (OURS if status >= 500 else REFUSED)
