"""Whose tables these are."""

import pytest

from doorward.storage.foreign import is_of_kratos


@pytest.mark.parametrize(
    ("tables", "kratos"),
    [
        ({"selfservice_login_flows"}, True),
        ({"schema_migration", "identities", "networks"}, True),
        ({"schema_migration", "identities"}, False),
        ({"schema_migrations", "identities", "flows"}, False),
        (set(), False),
    ],
)
def test_kratos_is_recognised(tables: set[str], kratos: bool) -> None:
    assert is_of_kratos(frozenset(tables)) is kratos
