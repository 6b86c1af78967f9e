"""What the built-in messages say in English: Jinja2 texts, of which `layout` makes plain text and HTML.

Nothing that somebody typed stands before a code or a link.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from doorward.courier.model import TemplateType


@dataclass(frozen=True, slots=True)
class Wording:
    """One message: the subject, a heading, what is said, and its ending. `code` and `url` name what is shown between.

    `action` is the text on the link; `sms` the whole text message.
    """

    subject: str
    heading: str
    intro: str
    outro: str
    code: str | None = None
    url: str | None = None
    action: str = ""
    sms: str = ""


CODE_LIFE = "{% if expires_in_minutes %}The code works once, for {{ minutes(expires_in_minutes) }}. {% endif %}"
LINK_LIFE = "{% if expires_in_minutes %}The link works once, for {{ minutes(expires_in_minutes) }}. {% endif %}"
NOT_YOU = "If you did not ask for this, ignore this message: nothing happens without it."
NEVER_SHARE = "Nobody from our side will ever ask you for it."

CHANGED = (
    "{% set names = {'password': 'your password', 'totp': 'your authenticator app', "
    "'lookup_secret': 'your backup codes'} %}"
    "{% for each in changed %}{{ names[each] or each }}{% if not loop.last %}, {% endif %}{% endfor %}."
)

WORDINGS: Mapping[TemplateType, Wording] = MappingProxyType(
    {
        TemplateType.RECOVERY_VALID: Wording(
            subject="Recover access to your account",
            heading="Back into your account",
            intro="Follow this link to get back into your account and to choose a new way to sign in.",
            outro=LINK_LIFE + NOT_YOU,
            url="recovery_url",
            action="Recover my account",
        ),
        TemplateType.RECOVERY_INVALID: Wording(
            subject="Account access attempted",
            heading="No account with this address",
            intro="Somebody, perhaps you, asked to get into an account with this address. There is none.",
            outro="If it was you, try another address of yours. If not, there is nothing to do.",
        ),
        TemplateType.RECOVERY_CODE_VALID: Wording(
            subject="Use code {{ recovery_code }} to recover access to your account",
            heading="Back into your account",
            intro="Enter this code where you asked for it:",
            outro=CODE_LIFE + NOT_YOU + " " + NEVER_SHARE,
            code="recovery_code",
            sms="Your recovery code is {{ recovery_code }}. Give it to nobody.",
        ),
        TemplateType.RECOVERY_CODE_INVALID: Wording(
            subject="Account access attempted",
            heading="No account with this address",
            intro="Somebody, perhaps you, asked to get into an account with this address. There is none.",
            outro="If it was you, try another address of yours. If not, there is nothing to do.",
        ),
        TemplateType.VERIFICATION_VALID: Wording(
            subject="Please verify your email address",
            heading="Is this your address?",
            intro="Follow this link to confirm that this address is yours.",
            outro=LINK_LIFE + NOT_YOU,
            url="verification_url",
            action="Verify my address",
        ),
        TemplateType.VERIFICATION_INVALID: Wording(
            subject="Someone tried to verify this email address",
            heading="No account with this address",
            intro="Somebody, perhaps you, asked to verify this address. No account here has it.",
            outro="If it was you, sign up with it first. If not, there is nothing to do.",
        ),
        TemplateType.VERIFICATION_CODE_VALID: Wording(
            subject="Use code {{ verification_code }} to verify your account",
            heading="Is this your address?",
            intro="Enter this code to confirm your address:",
            outro=CODE_LIFE + NOT_YOU,
            code="verification_code",
            url="verification_url",
            action="Or follow this link",
            sms="Your verification code is {{ verification_code }}.",
        ),
        TemplateType.VERIFICATION_CODE_INVALID: Wording(
            subject="Someone tried to verify this email address",
            heading="No account with this address",
            intro="Somebody, perhaps you, asked to verify this address. No account here has it.",
            outro="If it was you, sign up with it first. If not, there is nothing to do.",
        ),
        TemplateType.LOGIN_CODE_VALID: Wording(
            subject="Use code {{ login_code }} to log in",
            heading="Your code to sign in",
            intro="Enter this code where you are signing in:",
            outro=CODE_LIFE + NOT_YOU + " " + NEVER_SHARE,
            code="login_code",
            sms="Your code to sign in is {{ login_code }}. Give it to nobody.",
        ),
        TemplateType.REGISTRATION_CODE_VALID: Wording(
            subject="Use code {{ registration_code }} to complete your account registration",
            heading="Your code to sign up",
            intro="Enter this code to finish signing up:",
            outro=CODE_LIFE + NOT_YOU,
            code="registration_code",
            sms="Your code to sign up is {{ registration_code }}.",
        ),
        TemplateType.ADDRESS_CHANGED: Wording(
            subject="An address of your account was changed",
            heading="An address of your account was changed",
            intro="Your account no longer uses {{ to }}, or uses it in another way than before.",
            outro="If this was not you, recover your account now and tell whoever runs this site.",
            sms="An address of your account was changed. If this was not you, recover your account now.",
        ),
        TemplateType.AUTHENTICATOR_KEY_ADDED: Wording(
            subject="A new way to sign in was added to your account",
            heading="A new way to sign in was added",
            intro="Your account has a new authenticator or key.",
            outro="If this was not you, recover your account now and tell whoever runs this site.",
            sms="A new way to sign in was added to your account. If this was not you, recover your account now.",
        ),
        TemplateType.CREDENTIALS_CHANGED: Wording(
            subject="The way you sign in was changed",
            heading="The way you sign in was changed",
            intro="Set, changed or removed just now: " + CHANGED,
            outro="If this was not you, recover your account now and tell whoever runs this site.",
            sms="Changed in your account: " + CHANGED + " If this was not you, recover your account now.",
        ),
        TemplateType.ALERT: Wording(
            subject="Doorward: {{ what }}",
            heading="Doorward tells its operator",
            intro="{{ what }} {{ reason }}",
            outro="{{ step }}{% for each in commands %}\n    {{ each }}{% endfor %}",
            url="console",
            action="Open the console",
        ),
    }
)
