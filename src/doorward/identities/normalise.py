"""One spelling for what people type to be found: identifiers and addresses.

As in Kratos: NFKC, lower case, trimmed; phones E.164.
"""

import re
import unicodedata

import phonenumbers

# A bare address: no display name, no comments, no quotes. The local part may be Unicode (RFC 6531), a domain is given
# in its ASCII form, as in Kratos.
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
EMAIL = re.compile(rf"[^\s@<>()\[\],;:\\\"]+@{LABEL}(?:\.{LABEL})*")
EMAIL_MAX = 320


def normalise_identifier(value: str) -> str:
    """E-mail addresses, user names and phone numbers in the form in which they are unique."""
    text = visible(unicodedata.normalize("NFKC", value)).strip()
    return normalise_phone(text) or text.lower()


def normalise_address(value: str, via: str) -> str:
    """An address to send to: `via` is `email` or `sms`."""
    text = unicodedata.normalize("NFKC", value).strip()
    if via == "sms":
        return normalise_phone(text) or text
    return text.lower()


def normalise_phone(value: str) -> str | None:
    """E.164, or None where the text is no international phone number (it must begin with a plus sign)."""
    if not value.startswith("+"):
        return None
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def via_of(address: str) -> str:
    """How an address is written to: `sms` for phone numbers, `email` for everything else."""
    return "sms" if is_phone(address) else "email"


def is_phone(value: str) -> bool:
    """The check behind the schema format `tel`: a number that may exist, not only one of a possible length."""
    text = unicodedata.normalize("NFKC", value).strip()
    if not text.startswith("+"):
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, None))
    except phonenumbers.NumberParseException:
        return False


def is_email(value: str) -> bool:
    """The check behind the schema format `email`. Two addresses that look the same must not be two people's."""
    return len(value) <= EMAIL_MAX and EMAIL.fullmatch(value) is not None and visible(value) == value


def visible(value: str) -> str:
    """Without characters that take no place (Unicode's Cf, such as the zero-width space)."""
    return value if value.isascii() else "".join(each for each in value if unicodedata.category(each) != "Cf")
