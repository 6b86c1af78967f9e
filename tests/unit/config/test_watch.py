"""Noticing changes without waiting: every look is asked for by the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from doorward.config.watch import look, watch

Act = Callable[[], None]


def acting(*acts: Act) -> Callable[[], Awaitable[None]]:
    """A pause in which the next act happens; the watch ends when there is none left."""
    left = iter(acts)

    async def pause() -> None:
        try:
            act = next(left)
        except StopIteration:
            raise TimeoutError from None
        act()

    return pause


async def gather(changes: AsyncIterator[frozenset[Path]]) -> list[frozenset[Path]]:
    found: list[frozenset[Path]] = []
    try:
        async for change in changes:
            found.append(change)  # noqa: PERF401 -- what came before the end is wanted
    except TimeoutError:
        return found
    raise AssertionError("the watch ended by itself")


def nothing() -> None:
    """A pause in which nothing happens."""


async def test_changes_appearances_and_disappearances(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")

    found = await gather(
        watch(
            [one, two],
            acting(nothing, lambda: _write(one, "bb"), nothing, lambda: _write(two, "c"), one.unlink, nothing),
        )
    )

    assert found == [frozenset({one}), frozenset({two}), frozenset({one})]


async def test_what_changed_since_the_files_were_read_is_a_change(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    one.write_text("a")
    two.write_text("b")
    read = look([one, two, three], {})
    _write(one, "aa")
    three.write_text("new")

    found = await gather(watch([one, two, three], acting(nothing, lambda: _write(two, "bb")), since=read))

    assert found == [frozenset({one, three}), frozenset({two})]


async def test_touching_a_file_is_no_change(tmp_path: Path) -> None:
    file = tmp_path / "one"
    file.write_text("a")

    assert await gather(watch([file], acting(file.touch, lambda: _write(file, "a")))) == []


async def test_a_link_that_is_swapped_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "v1").write_text("a")
    (tmp_path / "v2").write_text("b")
    link = tmp_path / "link"
    link.symlink_to("v1")

    def swap() -> None:
        (tmp_path / "next").symlink_to("v2")
        (tmp_path / "next").replace(link)

    assert await gather(watch([link], acting(swap))) == [frozenset({link})]


def test_a_file_that_looks_untouched_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "one"
    file.write_text("a")
    first = look([file], {})

    assert look([file], first)[file] is first[file]


def _write(file: Path, text: str) -> None:
    file.write_text(text)
