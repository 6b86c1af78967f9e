"""Ids and tokens: what opens a door by being known cannot be foretold."""

import math

from doorward.ids import ALPHANUMERIC, new_row_id, new_secret_id, opaque_token

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
