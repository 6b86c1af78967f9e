"""`doorward config`, as it is typed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from doorward.cli.config import config

WRITTEN = """\
# ours
dsn: memory
secrets: {cookie: [cookie-secret-0001], cipher: [cipher-secret-of-thirty-two-chars]}
identity:
  schemas: [{id: default, url: "base64://e30="}]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOORWARD_CONFIG", raising=False)
    written = tmp_path / "doorward.yml"
    written.write_text(WRITTEN)
    return written


def run(*words: str) -> Result:
    result = CliRunner().invoke(config, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_check_passes_on_a_right_file(file: Path) -> None:
    result = run("check")

    assert result.exit_code == 0
    assert result.output.split() == ["ok", "doorward.yml"]


def test_check_names_everything_and_fails(file: Path) -> None:
    file.write_text(WRITTEN + "serv: {}\nprofiling: cpu\nlog: {level: loud}\n")

    result = run("check")

    assert result.exit_code == 1
    for text in ("serv", "did you mean `serve`?", "log.level", "profiling", "2 errors, 1 warning"):
        assert text in result.output


def test_strict_fails_on_a_warning(file: Path) -> None:
    file.write_text(WRITTEN + "profiling: cpu\n")

    assert run("check").exit_code == 0
    assert run("check", "--strict").exit_code == 1
    answer = json.loads(run("check", "--strict", "--json").output)
    assert (answer["ok"], answer["errors"], answer["warnings"]) == (False, 0, 1)
    assert answer["problems"][0]["path"] == "profiling"


@pytest.mark.parametrize("content", ["a: [", "- a", "\x00", "dsn: {a: 1}\nidentity: 5\nsecrets: x\nselfservice: [1]"])
def test_check_of_nonsense_is_a_sentence(file: Path, content: str) -> None:
    file.write_text(content)

    result = run("check")

    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_without_a_file_check_says_what_to_do(file: Path) -> None:
    file.unlink()

    assert "--config" in run("check").output
    assert run("check", "--dev").exit_code == 0


def test_get(file: Path) -> None:
    assert run("get", "serve.public.port").output == "4433\n"
    assert run("get", "dsn").output == "**********\n"
    assert run("get", "dsn", "--reveal").output == "memory\n"
    assert json.loads(run("get", "session").output)["lifespan"] == "24h"
    assert run("get", "serve.public.prt").exit_code == 1


def test_patch_keeps_comments(file: Path) -> None:
    assert run("patch", "serve.public.port=5000", "log.level=debug").exit_code == 0
    assert run("get", "serve.public.port").output == "5000\n"
    assert file.read_text().startswith(WRITTEN)
    assert run("patch", "serve.public.port=").exit_code == 0
    assert run("get", "serve.public.port").output == "4433\n"


def test_patch_does_not_break_a_file(file: Path) -> None:
    result = run("patch", "serve.public.port=many")

    assert result.exit_code == 1
    assert "expected a whole number" in result.output
    assert file.read_text() == WRITTEN
    assert list(file.parent.iterdir()) == [file]
    assert run("patch", "--force", "serve.public.port=many").exit_code == 0


@pytest.mark.parametrize("change", ["nothing", "=1", "dsn=[1", "dsn.x=1"])
def test_patch_with_nonsense_is_a_sentence(file: Path, change: str) -> None:
    result = run("patch", change)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert file.read_text() == WRITTEN


def test_convert(file: Path, tmp_path: Path) -> None:
    file.write_text(WRITTEN + "profiling: cpu\n")

    assert "# profiling: removed" in run("convert", str(file)).stdout
    assert run("convert", str(file), "-o", "new.yml").exit_code == 0
    assert run("check", "--strict", "-c", "new.yml").exit_code == 0
    assert run("convert", str(file), "-o", "new.yml").exit_code == 1
    assert json.loads(run("convert", str(file), "--json").stdout)["changes"]
