"""Reads what was sent, up to a limit, and decodes a submitted form by its content type."""

from starlette.requests import Request

from doorward.errors import InvalidInput
from doorward.flows.errors import UnreadableSubmission
from doorward.flows.request import FieldTypes, SubmittedBody
from doorward.web.form_body import Unreadable, read_form
from doorward.web.json_body import read_json
from doorward.web.negotiate import JSON, media_type

LIMIT_BYTES = 5 * 2**20
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
EMPTY = "The request has no body. Send the form's fields as JSON or as an HTML form does."
WRONG_TYPE = "Send the form as application/json or application/x-www-form-urlencoded."


class BodyTooLarge(InvalidInput):
    """The request's body is larger than this server reads."""


class MalformedBody(InvalidInput):
    """The request's body is not JSON of the expected form."""


async def read_limited(request: Request, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """The body. Raises BodyTooLarge as soon as the limit is passed; what follows is not kept."""
    if _declared_length(request) > limit_bytes:
        raise BodyTooLarge(f"The body is larger than {limit_bytes} bytes.")
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > limit_bytes:
            raise BodyTooLarge(f"The body is larger than {limit_bytes} bytes.")
    return bytes(chunks)


async def read_submission(request: Request, types: FieldTypes, limit_bytes: int = LIMIT_BYTES) -> SubmittedBody:
    """The fields of a submitted form, nested and typed by `types` (dotted name to JSON type).

    Raises UnreadableSubmission for a body that is too large. Everything else that is wrong is a `problem`, which the
    form shows (as Kratos does); multipart is read as an empty form.
    """
    try:
        body = await read_limited(request, limit_bytes)
    except BodyTooLarge as error:
        raise UnreadableSubmission(error.reason) from None
    kind = media_type(request.headers.get("content-type", ""))
    if not body:
        return SubmittedBody(problem=EMPTY)
    try:
        if kind == JSON:
            return SubmittedBody(read_json(body, types))
        if kind == FORM:
            return SubmittedBody(read_form(body, types))
    except Unreadable as error:
        return SubmittedBody(problem=str(error))
    return SubmittedBody() if kind == MULTIPART else SubmittedBody(problem=WRONG_TYPE)


def _declared_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0
