"""What the pages of flows say around their forms: titles by kind and state, hints, what a button does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]
"""Name and value of a button's node."""

WAIT = "One moment…"
PASSWORD, PROFILE = ("method", "password"), ("method", "profile")
BACK = ("screen", "previous")


@dataclass(frozen=True, slots=True)
class FlowWords:
    """`titles` are by the flow's state, "" for all others; `buttons` say what happens, `waiting` that it does.

    `labels` are by field name, where the node's own says too little on our pages.
    """

    titles: Mapping[str, str]
    buttons: Mapping[Key, str] = field(default_factory=dict)
    waiting: Mapping[Key, str] = field(default_factory=dict)
    leads: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def title(self, state: str) -> str:
        return self.titles.get(state) or self.titles[""]

    def lead(self, state: str) -> str:
        """A sentence below the title, "" for none."""
        return self.leads.get(state, "")


REGISTRATION = FlowWords(
    titles={"": "Create your account", "sent_email": "Enter the code that we sent you"},
    buttons={PASSWORD: "Create account", PROFILE: "Continue", BACK: "Back"},
    waiting={PASSWORD: "Creating your account…"},
)
LOGIN = FlowWords(
    titles={"": "Sign in", "sent_email": "Enter the code that we sent you"},
    buttons={PASSWORD: "Sign in", ("method", "identifier_first"): "Continue"},
    waiting={PASSWORD: "Signing in…"},
)
SECOND_FACTOR = FlowWords(
    titles={"": "One more step", "sent_email": "Enter the code that we sent you"},
    leads={"choose_method": "This account is protected by a second factor."},
)
RECOVERY = FlowWords(
    titles={
        "": "Get back into your account",
        "sent_email": "Check your messages",
        "recovery_awaiting_code": "Check your messages",
    },
    leads={
        "choose_method": "Tell us your address, and we send you what you need.",
        "recovery_awaiting_address": "Tell us your address, and we send you what you need.",
    },
    waiting={("method", "code"): "Sending…", ("method", "link"): "Sending…"},
)
VERIFICATION = FlowWords(
    titles={"": "Confirm your address", "passed_challenge": "Your address is confirmed"},
    waiting={("method", "code"): WAIT, ("method", "link"): "Sending…"},
)
SETTINGS = FlowWords(
    titles={"": "Your account"},
    buttons={PASSWORD: "Change password", PROFILE: "Save", ("method", "totp"): "Connect this app"},
    labels={"password": "New password", "totp_code": "Code that the app shows"},
    waiting={PASSWORD: "Changing your password…", PROFILE: "Saving…"},
)
# The sections of the settings page, in order, by the nodes' group.
SECTIONS: Mapping[str, str] = {
    "profile": "About you",
    "password": "Password",
    "totp": "Authenticator app",
    "lookup_secret": "Backup codes",
    "code": "Codes",
    "webauthn": "Security keys",
    "passkey": "Passkeys",
    "oidc": "Connected accounts",
}
