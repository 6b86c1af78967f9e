"""The count of a lane: whatever happens to its claims, nothing is left over."""

from hypothesis import given
from hypothesis import strategies as st

from doorward.delivery.slots import Course, Slots

CLAIM = st.tuples(st.integers(0, 5), st.integers(0, 5), st.booleans())


@given(st.lists(CLAIM, max_size=6))
def test_nothing_is_left_when_every_claim_has_ended(claims: list[tuple[int, int, bool]]) -> None:
    slots = Slots()
    courses = [Course(slots) for _ in claims]
    assert slots.ahead == len(claims)
    for number, (course, (batches, begun, is_prepared)) in enumerate(zip(courses, claims, strict=True)):
        if is_prepared:
            course.expect(batches)
            for _ in range(min(begun, batches)):
                course.began()
        course.end()
        course.end()
        assert slots.ahead == len(claims) - number - 1


def test_a_claim_is_ahead_until_its_last_batch_has_its_turn() -> None:
    slots = Slots()
    course = Course(slots)
    course.expect(2)
    course.began()
    assert slots.ahead == 1
    course.began()
    assert slots.ahead == 0
    course.end()
    assert slots.ahead == 0
