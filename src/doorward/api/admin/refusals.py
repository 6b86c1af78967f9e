"""How the admin API says no: as Kratos does, by a status and a sentence, without an id."""

from collections.abc import Iterator
from contextlib import contextmanager

from doorward.errors import Conflict, InvalidInput, NotFound
from doorward.identities.draft import UnknownState
from doorward.identities.schema import InvalidTraits, UnknownSchema
from doorward.identities.service import IdentifierTaken, IdentityNotFound
from doorward.security.passwords import PasswordTooLong, UnknownHash

TAKEN = "An identity with this identifier, address or external_id exists already."


@contextmanager
def kratos_refusals(taken: str | None = None) -> Iterator[None]:
    """Turns what the service refuses into the plain kinds; `taken` is the reason that a conflict gets."""
    try:
        yield
    except IdentityNotFound:
        raise NotFound from None
    except IdentifierTaken:
        raise Conflict(taken) from None
    except (UnknownSchema, InvalidTraits, UnknownState, UnknownHash, PasswordTooLong) as error:
        raise InvalidInput(error.reason or told(error)) from None


def told(error: InvalidInput) -> str:
    """The sentence of an error that was given none of its own."""
    if isinstance(error, PasswordTooLong):
        return f"The password has more bytes than the configured hash takes in ({error.details['max_length']})."
    return error.safe_text()
