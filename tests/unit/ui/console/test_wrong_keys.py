"""How often a wrong key may be typed."""

from doorward.clock import MovableClock
from doorward.ui.console.wrong_keys import ADDRESSES, TRIES, WrongKeys


def test_after_too_many_one_waits_for_the_first_to_be_forgotten() -> None:
    clock = MovableClock()
    wrong = WrongKeys(clock)
    for _ in range(TRIES):
        assert wrong.wait_s("a") == 0
        wrong.count("a")
        clock.move(seconds=1)
    assert wrong.wait_s("a") == 300 - TRIES
    assert wrong.wait_s("b") == 0
    clock.move(seconds=300 - TRIES)
    assert wrong.wait_s("a") == 0
    wrong.count("a")
    assert wrong.wait_s("a") == 1


def test_memory_is_bounded_whoever_guesses() -> None:
    wrong = WrongKeys(MovableClock())
    for _ in range(TRIES):
        wrong.count("first")
    for number in range(ADDRESSES - 1):
        wrong.count(str(number))
    assert wrong.wait_s("first") > 0
    wrong.count("one more")
    assert wrong.wait_s("first") == 0


def test_whoever_goes_on_guessing_is_not_forgotten_first() -> None:
    wrong = WrongKeys(MovableClock())
    for _ in range(TRIES):
        wrong.count("stubborn")
    for number in range(2 * ADDRESSES):
        wrong.count(str(number))
        if number % 100 == 0:
            wrong.count("stubborn")
    assert wrong.wait_s("stubborn") > 0
