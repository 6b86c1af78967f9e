"""Lines of an import: which are read, what becomes of an exported identity, what is refused and how that is told."""

import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.cli.import_rows import LIMIT_BYTES, Line, RowTooLong, UnreadableRow, importable, read_lines, read_row
from doorward.clock import MovableClock
from doorward.web.body import MalformedBody

NOW = MovableClock().now()
ID = "11111111-1111-4111-8111-111111111111"


def row(value: Any, *, keeps_id: bool = False) -> Any:
    return read_row(Line(1, orjson.dumps(value)), "person", NOW, keeps_id=keeps_id)


@given(st.lists(st.binary(max_size=20).filter(lambda text: b"\n" not in text)), st.integers(0, 5), st.booleans())
def test_every_line_that_is_not_empty_comes_once_with_its_number(
    texts: list[bytes], after: int, ends_with_break: bool
) -> None:
    whole = b"\n".join(texts) + (b"\n" if ends_with_break and texts else b"")
    read = [(line.number, line.text and line.text.rstrip(b"\n")) for line in read_lines(io.BytesIO(whole), after)]
    assert read == [(n, text) for n, text in enumerate(texts, 1) if text.strip() and n > after]


@pytest.mark.parametrize("end", [b"", b"\n", b"\n{}\n"])
def test_a_line_without_end_is_not_kept(end: bytes) -> None:
    lines = list(read_lines(io.BytesIO(b"{}\n" + b"x" * (3 * LIMIT_BYTES) + end)))
    assert [line.text for line in lines] == [b"{}\n", None, *([b"{}\n"] if end.endswith(b"}\n") else [])]
    with pytest.raises(RowTooLong):
        read_row(lines[1], "person", NOW, keeps_id=False)


def test_an_exported_identity_can_be_imported() -> None:
    exported = {
        "id": ID,
        "schema_id": "other",
        "schema_url": "http://p/schemas/b3RoZXI",
        "state": "inactive",
        "state_changed_at": "2020-01-01T00:00:00Z",
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z",
        "traits": {"email": "ada@example.org"},
        "metadata_admin": None,
        "recovery_addresses": [{"id": ID, "value": "ada@example.org", "via": "email"}],
        "verifiable_addresses": [{"value": "ada@example.org", "via": "email", "verified": True, "status": "completed"}],
        "credentials": {
            "password": {"type": "password", "identifiers": ["ada@example.org"], "config": {"hashed_password": "$2a$"}},
            "code": {"type": "code", "identifiers": ["ada@example.org"], "config": {"addresses": []}},
            "webauthn": {"type": "webauthn", "identifiers": ["ada@example.org"], "version": 1},
            "lookup_secret": {"config": {"recovery_codes": [{"code": "aaaa1111", "used_at": None}]}},
        },
    }
    found = row(exported, keeps_id=True)
    assert str(found.id) == ID
    assert row(exported).id is None
    assert (found.given.schema_id, found.given.state) == ("other", "inactive")
    assert found.given.credentials.password.hashed == "$2a$"
    assert [each.type for each in found.given.credentials.others] == ["lookup_secret"]
    assert found.given.addresses[0].verified


def test_tokens_of_providers_are_left_behind() -> None:
    provider = {"provider": "google", "subject": "s", "initial_id_token": "secret"}
    assert importable({"oidc": {"config": {"providers": [provider]}}}) == {
        "oidc": {"config": {"providers": [{"subject": "s", "provider": "google"}]}}
    }


@pytest.mark.parametrize("text", [b"{", b"[]", b"1", b'"x"', b"null", b"{'a': 1}", b"\xff", b'{"a": NaN}'])
def test_what_is_no_object(text: bytes) -> None:
    with pytest.raises(UnreadableRow):
        read_row(Line(1, text), "person", NOW, keeps_id=False)


@pytest.mark.parametrize(
    "value",
    [
        {"traits": {}, "unknown": "s3cret"},
        {"traits": {}, "credentials": {"password": {"config": {"password": ["s3cret"]}}}},
        {"traits": {}, "credentials": {"password": "s3cret"}},
        {"traits": {}, "credentials": {"oidc": {"config": {"providers": ["s3cret"]}}}},
        {"traits": {}, "external_id": {"s3cret": 1}},
        {"traits": {}, "verifiable_addresses": [{"value": "s3cret", "colour": "red"}]},
    ],
)
def test_a_refusal_names_the_place_and_never_a_value(value: Any) -> None:
    with pytest.raises(MalformedBody) as caught:
        row(value)
    assert "s3cret" not in str(caught.value)
