"""Batches: one transaction, each entry with an answer of its own, and what fails the whole of it."""

from typing import Any

import pytest

from admin_identities import AdminIdentities

PATH = "/admin/identities"


def entry(email: str, **more: Any) -> dict[str, Any]:
    return {"create": {"traits": {"email": email}, **more}}


async def test_good_entries_are_stored_beside_bad_ones(admin: AdminIdentities) -> None:
    await admin.make("taken@example.org", external_id="e1")
    patch_id = "11111111-1111-4111-8111-111111111111"
    answer = await admin.ask(
        "PATCH",
        PATH,
        {
            "identities": [
                {
                    **entry("a@example.org", credentials={"password": {"config": {"password": "x"}}}),
                    "patch_id": patch_id,
                },
                entry("taken@example.org"),
                entry("bad"),
                entry("a@example.org"),
                entry("b@example.org", external_id="e1"),
                {"create": None},
                entry("c@example.org"),
            ]
        },
    )
    told = answer.json["identities"]
    assert [each and (each["action"], each.get("error", {}).get("code")) for each in told] == [
        ("create", None),
        ("error", 409),
        ("error", 400),
        ("error", 409),
        ("error", 409),
        None,
        ("create", None),
    ]
    assert told[0]["patch_id"] == patch_id
    found = (await admin.ask("GET", PATH)).json
    assert sorted(each["traits"]["email"] for each in found) == ["a@example.org", "c@example.org", "taken@example.org"]
    assert admin.witness.kinds() == ["identity.created"] * 3


@pytest.mark.parametrize(
    "identities",
    [
        [entry("a@example.org"), entry("b@example.org", state="asleep")],
        [entry("a@example.org"), entry("b@example.org", unknown=1)],
        [
            entry("a@example.org"),
            entry("b@example.org", credentials={"password": {"config": {"hashed_password": "x"}}}),
        ],
        [entry("a@example.org"), {**entry("b@example.org"), "patch_id": "x"}],
        [entry("a@example.org")] * 1001,
        [entry("a@example.org", credentials={"password": {"config": {"password": "x"}}})] * 201,
        {"a": 1},
    ],
)
async def test_what_fails_a_whole_batch_leaves_nothing(admin: AdminIdentities, identities: Any) -> None:
    assert (await admin.ask("PATCH", PATH, {"identities": identities})).status == 400
    assert (await admin.ask("GET", PATH)).json == []
    assert not admin.witness.events


async def test_a_thousand_in_one_transaction(admin: AdminIdentities) -> None:
    entries = [entry(f"p{number}@example.org") for number in range(1000)]
    answer = await admin.ask("PATCH", PATH, {"identities": entries})
    assert {each["action"] for each in answer.json["identities"]} == {"create"}
    assert len(admin.witness.events) == 1000
