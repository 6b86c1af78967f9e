"""The decision table, messages and patches, with the bodies of the recorded exchanges."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.actions.answers import (
    Accepted,
    Answer,
    Patch,
    UpstreamFailed,
    Veto,
    VetoEntry,
    VetoMessage,
    interpret,
    interpret_failure,
)
from doorward.actions.pointers import node_name
from doorward.actions.web_hook_settings import WebHookSettings
from doorward.clock import MovableClock
from doorward.security.egress import EgressFailed, EgressRefused, EgressTimeout, OutgoingResponse

PLAIN = WebHookSettings("https://crm.example/", "POST", "file://x")
INTERRUPT = WebHookSettings("https://crm.example/", "POST", "file://x", may_interrupt=True)
PARSE = WebHookSettings("https://crm.example/", "POST", "file://x", is_parsed=True)
MESSAGE = {"id": 1, "text": "x", "type": "error"}
GOOD = json.dumps({"messages": [{"instance_ptr": "#/traits/email", "messages": [MESSAGE]}]}).encode()
SEEN = b'{"identity":{"metadata_public":{"seen":true}}}'


def answer(settings: WebHookSettings, status: int, body: bytes = b"", *, truncated: bool = False) -> Answer:
    return interpret(settings, OutgoingResponse(status, {}, body, 0.1, truncated))


def vetoed(messages: Any) -> Answer:
    return answer(PARSE, 400, json.dumps({"messages": messages}).encode())


def patched(identity: Any) -> Answer:
    return answer(PARSE, 200, json.dumps({"identity": identity}).encode())


@pytest.mark.parametrize("settings", [PLAIN, INTERRUPT, PARSE])
@pytest.mark.parametrize("status", [201, 202, 204, 205, 299, 300, 301, 304, 399])
def test_below_400_all_is_well(settings: WebHookSettings, status: int) -> None:
    assert answer(settings, status, b"not read") == Accepted()


@pytest.mark.parametrize("settings", [PLAIN, INTERRUPT, PARSE])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_never_read(settings: WebHookSettings, status: int) -> None:
    found = answer(settings, status, GOOD)
    assert isinstance(found, UpstreamFailed)
    assert (found.status, found.may_pass, found.reason) == (500, True, None)


def test_a_target_may_ask_for_a_wait() -> None:
    found = interpret(PLAIN, OutgoingResponse(429, {"retry-after": "7"}, b"", 0.1), MovableClock().now())
    assert isinstance(found, UpstreamFailed)
    assert found.retry_after_s == 7.0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 451, 499, 501])
def test_refusals_by_flag(status: int) -> None:
    plain = answer(PLAIN, status, GOOD)
    assert isinstance(plain, UpstreamFailed)
    assert (plain.status, plain.may_pass) == (502, False)
    assert plain.message == f"webhook failed with status code {status}"
    for settings in (INTERRUPT, PARSE):
        assert isinstance(answer(settings, status, GOOD), Veto)


def test_only_parse_reads_a_200() -> None:
    assert answer(PLAIN, 200, b"x") == Accepted()
    assert answer(INTERRUPT, 200, b"x") == Accepted()
    assert answer(PARSE, 200, SEEN) == Patch({"metadata_public": {"seen": True}})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"5",
        b"<html>",
        b'{"messages":',
        b'{"messages":null}',
        b'{"messages":{}}',
        b'{"messages":"x"}',
        b'{"messages":[1]}',
        b'{"messages":[]}',
        b'{"messages":[{"instance_ptr":1}]}',
        b"\xef\xbb\xbf" + GOOD,
        b"{'messages': []}",
        b'{"messages":[{"messages":[{"id":NaN}]}]}',
        b"[" * 100_000,
    ],
)
def test_refusals_that_cannot_be_read(body: bytes) -> None:
    found = answer(PARSE, 400, body)
    assert isinstance(found, UpstreamFailed)
    assert (found.status, found.may_pass) == (500, False)


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        GOOD + b" and more",
        GOOD + GOOD,
        b"  \n" + GOOD,
        GOOD.replace(b"messages", b"Messages", 1),
        GOOD.replace(b'"x"', b'"\xff"'),
        b'{"messages":[],' + GOOD[1:],
    ],
)
def test_refusals_that_can(body: bytes) -> None:
    found = answer(PARSE, 400, body)
    assert isinstance(found, Veto)
    assert found.entries[0].node == "traits.email"


def test_what_is_cut_off_is_not_read() -> None:
    assert isinstance(answer(PARSE, 400, GOOD, truncated=True), UpstreamFailed)
    assert isinstance(answer(PARSE, 200, SEEN, truncated=True), UpstreamFailed)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"id": 7, "text": "no", "type": "error", "context": {"a": [1]}},
            VetoMessage(7, "no", "error", {"a": [1]}, True),
        ),
        ({"id": 7, "text": "no", "type": "success", "more": 1}, VetoMessage(7, "no", "info")),
        ({"text": "no", "type": "ERROR"}, VetoMessage(0, "no", "info")),
        ({"ID": -5, "Text": "no", "TYPE": "error"}, VetoMessage(-5, "no", "error")),
        ({"id": 2**40, "text": None, "type": None, "context": None}, VetoMessage(2**40, "", "info", None, True)),
        ({}, VetoMessage(0, "", "info")),
        ({"text": "\ud800!", "context": "\ud83d\ude00"}, VetoMessage(0, "\ufffd!", "info", "\U0001f600", True)),
        ({"text": "n\0o", "context": {"a\0": ["\0b", 1]}}, VetoMessage(0, "no", "info", {"a": ["b", 1]}, True)),
        (None, VetoMessage(0, "", "info")),
        ({"context": {"n": 2**70, "m": 2**63 - 1}}, VetoMessage(0, "", "info", {"n": 2.0**70, "m": 2**63 - 1}, True)),
        ({"context": [10**400]}, VetoMessage(0, "", "info", [None], True)),
    ],
)
def test_messages(raw: Any, expected: VetoMessage) -> None:
    assert vetoed([{"instance_ptr": "#/", "messages": [raw]}]) == Veto((VetoEntry(None, (expected,)),))


@pytest.mark.parametrize(
    "bad", [{"id": 1.5}, {"id": "1"}, {"id": 2**70}, {"id": True}, {"text": 5}, {"type": 5}, {"text": ["x"]}]
)
def test_messages_of_wrong_types_are_none(bad: dict[str, Any]) -> None:
    assert isinstance(vetoed([{"instance_ptr": "#/", "messages": [{**MESSAGE, **bad}]}]), UpstreamFailed)


@pytest.mark.parametrize("entries", [[{}], [None], [{"instance_ptr": None}], [{"messages": []}]])
def test_an_entry_without_messages_stops_the_flow_all_the_same(entries: Any) -> None:
    assert vetoed(entries) == Veto((VetoEntry(None, ()),))


def test_entries_keep_their_order() -> None:
    found = vetoed([{"Instance_Ptr": "#/a", "MESSAGES": [MESSAGE]}, {"instance_ptr": "#/b"}, {"instance_ptr": "#/a"}])
    assert isinstance(found, Veto)
    assert [entry.node for entry in found.entries] == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("pointer", "node"),
    [
        ("#/traits/email", "traits.email"),
        ("#/", None),
        ("", None),
        ("#", "#"),
        ("/", "/"),
        ("/traits/email", "/traits/email"),
        ("traits.email", "traits.email"),
        ("#/traits~1email", "traits/email"),
        ("#/traits.email", "traits\\.email"),
        ("#/traits/e%6Dail", "traits.email"),
        ("#/traits/0", "traits.0"),
        ("#//traits//email", ".traits..email"),
        ("#/traits/email/", "traits.email."),
        ("#/\u00e9", "\u00e9"),
        ("#/traits/100%", None),
        ("#/traits/%zz/email", None),
        ("100%", "100%"),
        (" ", None),
        ("\t \n", None),
        ("#/%20", None),
        ("#/ ", None),
        ("#/traits/ ", "traits. "),
    ],
)
def test_pointers(pointer: str, node: str | None) -> None:
    assert node_name(pointer) == node


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"5",
        b"ok",
        b'{"identity":',
        b'{"identity":[]}',
        SEEN + b"x",
        SEEN + SEEN,
        b"\xef\xbb\xbf" + SEEN,
    ],
)
def test_agreements_that_cannot_be_read(body: bytes) -> None:
    found = answer(PARSE, 200, body)
    assert isinstance(found, UpstreamFailed)
    assert found.status == 500


@pytest.mark.parametrize("body", [b"null", b"{}", b'{"identity":null}', b'{"identity":{}}', b'{"messages":[1]}'])
def test_agreements_without_a_change(body: bytes) -> None:
    assert answer(PARSE, 200, body) == Accepted()


SOME_ID = "11111111-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    ("identity", "fields"),
    [
        ({"traits": {"Email": "a"}}, {"traits": {"Email": "a"}}),
        ({"traits": None}, {"traits": None}),
        ({"Metadata_Public": {"a": 9007199254740993}}, {"metadata_public": {"a": 9007199254740993}}),
        ({"metadata_public": None, "metadata_admin": None}, {"metadata_public": None, "metadata_admin": None}),
        ({"state": "nonsense", "schema_id": "person"}, {"state": "nonsense", "schema_id": "person"}),
        ({"metadata_public": {"a\ud800": ["\udc00b", 1]}}, {"metadata_public": {"a\ufffd": ["\ufffdb", 1]}}),
        ({"external_id": "x"}, {"external_id": "x"}),
        ({"external_id": ""}, {"external_id": None}),
        ({"external_id": None}, {"external_id": None}),
        (
            {"verifiable_addresses": [{"value": "a", "verified": True}]},
            {"verifiable_addresses": [{"value": "a", "verified": True}]},
        ),
        ({"recovery_addresses": [{"value": "a", "via": None}]}, {"recovery_addresses": [{"value": "a", "via": None}]}),
        (
            {
                "id": SOME_ID,
                "created_at": "2020-01-02T03:04:05Z",
                "credentials": {
                    "password": {"type": "password", "identifiers": ["a", None], "config": 1, "version": 0},
                    "x": None,
                },
                "organization_id": None,
                "x": 1,
                "traits": {},
            },
            {"traits": {}},
        ),
    ],
)
def test_patches(identity: Any, fields: dict[str, Any]) -> None:
    assert patched(identity) == Patch(fields)


@pytest.mark.parametrize(
    "identity",
    [
        {"state": "", "schema_id": ""},
        {"state": None},
        {"verifiable_addresses": []},
        {"recovery_addresses": None},
        {"id": SOME_ID},
    ],
)
def test_patches_that_change_nothing(identity: Any) -> None:
    assert patched(identity) == Accepted()


@pytest.mark.parametrize(
    "identity",
    [
        "x",
        [],
        {"state": 5},
        {"schema_id": 5},
        {"external_id": 5},
        {"id": "no uuid"},
        {"created_at": "yesterday"},
        {"credentials": "x"},
        {"credentials": {"password": "x"}},
        {"credentials": {"password": {"identifiers": "x"}}},
        {"credentials": {"password": {"identifiers": [1]}}},
        {"credentials": {"password": {"version": "1"}}},
        {"credentials": {"password": {"Created_At": "yesterday"}}},
        {"created_at": "2020-01-02 03:04:05Z"},
        {"created_at": "2020-01-02T03:04Z"},
        {"metadata_public": {"n": 2**70}},
        {"traits": json.loads("[" * 300 + "]" * 300)},
        {"organization_id": "no uuid"},
        {"verifiable_addresses": {}},
        {"verifiable_addresses": "text"},
        {"verifiable_addresses": [1]},
        {"verifiable_addresses": [{"verified": "yes"}]},
        {"recovery_addresses": [{"id": "no uuid"}]},
        {"updated_at": 5},
        {"state_changed_at": "2020-01-02T03:04:05"},
    ],
)
def test_patches_of_wrong_types_fail(identity: Any) -> None:
    assert isinstance(patched(identity), UpstreamFailed)


def test_no_answer() -> None:
    timeout = interpret_failure(EgressTimeout("https://crm.example/?***", sent=True))
    assert (timeout.status, timeout.may_pass) == (504, True)
    assert interpret_failure(EgressFailed("x", "connect", sent=False)).may_pass
    assert interpret_failure(EgressFailed("x", "tls", sent=False)).may_pass
    assert not interpret_failure(EgressFailed("x", "redirects", sent=True)).may_pass
    assert not interpret_failure(EgressFailed("x", "certificate", sent=False)).may_pass
    refused = interpret_failure(EgressRefused("http://10.0.0.1", "private"))
    assert "no route to host" in refused.message
    assert "10.0.0.1" not in refused.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "instance_ptr", "id", "identity", "verifiable_addresses", "x"]), inner
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from([200, 400]), JSON | st.binary(max_size=40))
def test_no_answer_breaks_the_reader(status: int, body: Any) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert isinstance(answer(PARSE, status, raw), Accepted | Veto | Patch | UpstreamFailed)
