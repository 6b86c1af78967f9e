"""Nested transactions undo their own part; documents; reset."""

import pytest

from portalsim.database import Database


@pytest.fixture
def database() -> Database:
    return Database("memory")


def names(database: Database) -> list[str]:
    return list(database.documents("thing"))


def fail_inside(database: Database, name: str, *, nested: bool) -> None:
    with database.together():
        if nested:
            with database.together():
                database.save("thing", name, {})
        else:
            database.save("thing", name, {})
        raise ZeroDivisionError


def test_an_inner_failure_undoes_the_inner_part_only(database: Database) -> None:
    with database.together():
        database.save("thing", "outer", {})
        with pytest.raises(ZeroDivisionError):
            fail_inside(database, "inner", nested=False)
        database.save("thing", "after", {})
    assert names(database) == ["after", "outer"]


def test_an_outer_failure_undoes_everything(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_inside(database, "inner", nested=True)
    assert names(database) == []
    with database.together():
        database.save("thing", "next", {})
    assert names(database) == ["next"]


def test_documents_are_replaced_and_dropped(database: Database) -> None:
    database.save("thing", "one", {"value": 1})
    database.save("thing", "one", {"value": 2})
    assert database.documents("thing") == {"one": {"value": 2}}
    database.drop("thing", "one")
    assert names(database) == []
    database.save("thing", "one", {})
    database.clear()
    assert names(database) == []
