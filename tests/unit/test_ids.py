"""Ids and tokens: what opens a door by being known cannot be foretold."""

import math

import pytest

from doorward.ids import ALPHANUMERIC, new_row_id, new_secret_id, opaque_token, uuid_from

MANY = 2000


def test_a_token_is_long_and_new() -> None:
    tokens = {opaque_token("ory_st_") for _ in range(MANY)}
    assert len(tokens) == MANY
    assert all(len(token) == len("ory_st_") + 32 for token in tokens)
    assert 32 * math.log2(len(ALPHANUMERIC)) > 190
    # Of 64,000 letters, each of the 62 turns up.
    assert set("".join(token.removeprefix("ory_st_") for token in tokens)) == set(ALPHANUMERIC)


def test_what_opens_a_door_is_random() -> None:
    ids = [new_secret_id() for _ in range(MANY)]
    assert {each.version for each in ids} == {4}
    assert len(set(ids)) == MANY
    assert ids != sorted(ids)


def test_rows_come_in_the_order_of_their_ids() -> None:
    ids = [new_row_id() for _ in range(MANY)]
    assert {each.version for each in ids} == {7}
    assert ids == sorted(ids)


ONE = "11111111-1111-4111-8111-111111111111"


@pytest.mark.parametrize("text", [ONE, ONE.replace("-", ""), f"{{{ONE}}}", f"urn:uuid:{ONE}"])
def test_an_id_is_read_in_the_spellings_that_kratos_takes(text: str) -> None:
    assert str(uuid_from(text)) == ONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        f" {ONE}",
        f"{ONE}\n",
        f"{{{ONE}",
        f"uuid:{ONE}",
        "1111-11111111-1111-4111-811111111111",
        "1_1" + ONE[3:],
    ],
)
def test_python_would_take_more(text: str) -> None:
    with pytest.raises(ValueError, match="not a UUID"):
        uuid_from(text)
