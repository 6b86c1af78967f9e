"""Database addresses, Kratos's forms among them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.clock import MovableClock
from doorward.storage.dsn import PostgresDsn, SqliteDsn, parse_dsn
from doorward.storage.engine import open_database
from doorward.storage.errors import InvalidDsn


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("memory", SqliteDsn(None)),
        ("sqlite://:memory:", SqliteDsn(None)),
        ("sqlite://file::memory:?_fk=true&cache=shared", SqliteDsn(None)),
        ("sqlite://x?mode=memory", SqliteDsn(None)),
        ("sqlite:///var/lib/db.sqlite?_fk=true", SqliteDsn(Path("/var/lib/db.sqlite"))),
        ("sqlite://./db.sqlite", SqliteDsn(Path("db.sqlite"))),
        ("sqlite3://db.sqlite?mode=rw", SqliteDsn(Path("db.sqlite"), "rw")),
        ("sqlite://db.sqlite?mode=ro&cache=private", SqliteDsn(Path("db.sqlite"), "ro")),
        ("sqlite:///a%20b.sqlite", SqliteDsn(Path("/a b.sqlite"))),
    ],
)
def test_sqlite(dsn: str, expected: SqliteDsn) -> None:
    assert parse_dsn(dsn) == expected


def test_postgres_options_are_taken_out_and_the_drivers_passed_on() -> None:
    dsn = parse_dsn(
        "postgres://u:p%40ss@db:5433/ids?sslmode=require&max_conns=20&max_idle_conns=4&max_conn_lifetime=1h30m"
        "&max_conn_idle_time=90s&pgbouncer=true&connect_timeout=3"
    )
    assert isinstance(dsn, PostgresDsn)
    assert dsn.url == "postgresql://u:p%40ss@db:5433/ids?sslmode=require"
    assert (dsn.max_conns, dsn.max_conn_lifetime_s, dsn.max_conn_idle_s) == (20, 5400.0, 90.0)
    assert (dsn.connect_timeout_s, dsn.is_pooled, dsn.has_listen) == (3.0, True, False)
    assert any("max_idle_conns" in note for note in dsn.notes)


def test_several_hosts_and_cockroach() -> None:
    dsn = parse_dsn("postgres://u@a:1,b:2/x?target_session_attrs=read-write")
    assert isinstance(dsn, PostgresDsn)
    assert dsn.shown == "postgres://a:1,b:2/x"
    roach = parse_dsn("cockroach://root@db:26257/defaultdb?sslmode=disable")
    assert isinstance(roach, PostgresDsn)
    assert not roach.has_listen
    assert any("CockroachDB" in note for note in roach.notes)


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        ("", "no scheme"),
        ("/var/lib/db.sqlite", "no scheme"),
        ("mysql://u:hunter2@tcp(h:3306)/x", "MySQL"),
        ("redis://hunter2", "not supported"),
        ("hunter2://x", "not supported"),
        ("sqlite://", "names no file"),
        ("sqlite://x?mode=fast", "mode"),
        ("postgres://u:hunter2#1@h/x", "percent-encoded"),
        ("postgres://u:hunter2/3@h/x", "percent-encoded"),
        ("postgres://u:hunter2@h:port/x", "percent-encoded"),
        ("postgres://u:1234/hunter2@h/x", "percent-encoded"),
        ("postgres://u:1234?hunter2@h/x", "percent-encoded"),
        ("postgres://u:hunter2@h/x?max_conns=many", "max_conns"),
        ("postgres://u:hunter2@h/x?max_conns=0", "max_conns"),
        ("postgres://u:hunter2@h/x?max_conn_lifetime=soon", "max_conn_lifetime"),
    ],
)
def test_wrong_ones_say_what_to_write_and_never_the_password(dsn: str, says: str) -> None:
    with pytest.raises(InvalidDsn, match=says) as caught:
        parse_dsn(dsn)
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_notes_name_what_is_ignored() -> None:
    dsn = parse_dsn("sqlite://x.sqlite?_fk=false&colour=red")
    assert [note.split("'")[1] for note in dsn.notes] == ["colour", "_fk=false"]


@given(st.text(max_size=60))
def test_any_text_gives_a_dsn_or_the_one_error(text: str) -> None:
    for dsn in (text, f"sqlite://{text}", f"postgres://{text}"):
        try:
            parsed = parse_dsn(dsn)
        except InvalidDsn:
            continue
        assert isinstance(parsed, SqliteDsn | PostgresDsn)


def test_a_password_is_in_no_repr() -> None:
    dsn = "postgres://u:hunter2@h/x?max_conns=1"
    assert "hunter2" not in repr(parse_dsn(dsn))
    assert "hunter2" not in repr(open_database(dsn, MovableClock()))
