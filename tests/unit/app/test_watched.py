from pathlib import Path

from doorward.app.watched import watched_files


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
