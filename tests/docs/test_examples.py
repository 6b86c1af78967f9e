"""The examples work: configurations pass the strict check, container files name what is there, the unit is sound."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PROGRAM = Path(sys.executable).parent / "doorward"
SECRETS = {"COOKIE_SECRET": "c" * 32, "CIPHER_SECRET": "d" * 32, "HUBSPOT_TOKEN": "token"}
ENVIRONMENT = {**os.environ, **SECRETS, "DSN": "postgres://a:b@database/doorward"}


def test_the_compose_configuration_is_accepted(tmp_path: Path) -> None:
    """With the paths that the container has replaced by those of the repository."""
    file = tmp_path / "doorward.yml"
    file.write_text((EXAMPLES / "compose/doorward.yml").read_text().replace("/etc/doorward", str(EXAMPLES)))
    command = [str(PROGRAM), "config", "check", "--strict", "--config", str(file)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_compose_mounts_and_builds_is_there() -> None:
    folder = EXAMPLES / "compose"
    compose = YAML(typ="safe").load(folder / "compose.yaml")
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert not source.startswith(".") or (folder / source).exists(), source
        if build := service.get("build"):
            assert (folder / build["context"] / build["dockerfile"]).is_file()
    assert compose["services"]["portalsim"]["network_mode"] == "service:dispatcher"


def test_what_the_container_copies_is_there() -> None:
    text = (EXAMPLES / "compose/Containerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--)(.*)$", text, re.M) for word in line.split()[:-1]]
    assert copied
    assert all((ROOT / each).exists() for each in copied)


def test_the_unit_is_sound() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    unit = EXAMPLES / "systemd/doorward.service"
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "doorward.service" in line]
    assert all("is not executable" in line for line in told), done.stderr
