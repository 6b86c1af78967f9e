from pathlib import Path

from doorward.app.watched import files_of, seen_now, watched_files


def test_what_the_configuration_names_is_watched_too(tmp_path: Path) -> None:
    config = tmp_path / "doorward.yml"
    config.write_text(
        "destinations: {crm: {token: file:crm.token}}\n"
        'identity: {schemas: [{id: a, url: "file:///etc/person.json"}]}\n'
        "other: profile:x\n"
    )
    assert watched_files([config]) == (
        config,
        tmp_path / "crm.token",
        Path("/etc/person.json"),
    )


def test_a_file_that_is_not_there_is_watched(tmp_path: Path) -> None:
    assert watched_files([tmp_path / "later.yml"]) == (tmp_path / "later.yml",)


def test_what_the_files_were_like_includes_those_that_are_named(tmp_path: Path) -> None:
    config, token = tmp_path / "doorward.yml", tmp_path / "crm.token"
    config.write_text("destinations: {crm: {token: 'file:crm.token'}}")
    before = seen_now((config,))
    token.write_text("secret")
    after = seen_now((config,))
    assert set(before) == {config}
    assert set(after) == {config, token}
    assert before[config] == after[config]


def test_without_a_configuration_it_is_looked_whether_one_has_come() -> None:
    assert files_of(()) == (Path("doorward.yml"),)
