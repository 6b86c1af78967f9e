"""The counts of a lane: whatever happens to its claims, nothing is left over."""

from hypothesis import given
from hypothesis import strategies as st

from doorward.delivery.slots import Course, Slots

CLAIM = st.tuples(st.integers(1, 5), st.integers(0, 5), st.integers(0, 5), st.booleans())


@given(st.lists(CLAIM, max_size=6))
def test_nothing_is_left_when_every_claim_has_ended(claims: list[tuple[int, int, int, bool]]) -> None:
    slots = Slots()
    courses = [Course(slots, estimate) for estimate, _, _, _ in claims]
    assert slots.in_flight == sum(estimate for estimate, _, _, _ in claims)
    assert slots.ahead == len(claims)
    for course, (_, batches, done, is_prepared) in zip(courses, claims, strict=True):
        if is_prepared:
            course.expect(batches)
            for _ in range(min(done, batches)):
                course.began()
                course.finished()
        course.end()
        assert slots.in_flight >= 0
        assert slots.ahead >= 0
    assert (slots.in_flight, slots.ahead) == (0, 0)


def test_a_claim_is_ahead_until_its_last_batch_has_its_turn() -> None:
    slots = Slots()
    course = Course(slots, 3)
    course.expect(2)
    assert (slots.in_flight, slots.ahead) == (2, 1)
    course.began()
    assert slots.ahead == 1
    course.began()
    assert (slots.in_flight, slots.ahead) == (2, 0)
    course.finished()
    assert slots.in_flight == 1
