"""The page of the promise shows the results that are kept, and its picture was drawn from them."""

from crash.page import PAGE, PICTURE, with_results
from crash.picture import draw
from crash.results import DATABASES, read_results


def test_the_page_is_what_the_results_say() -> None:
    text = PAGE.read_text()
    assert with_results(text, read_results()) == text


def test_the_picture_is_what_the_results_say() -> None:
    assert draw(read_results()) == PICTURE.read_text()


def test_the_kept_runs_are_long_ones_and_found_nothing() -> None:
    results = read_results()
    for name in DATABASES:
        assert results.crash[name]["kills_in_all"] >= 1000
        assert results.exhaustive[name]["violations"] == 0
        assert all(each["run"] for each in results.bites[name]["mutations"])
    assert results.violations().total() == 0
