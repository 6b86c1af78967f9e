"""A metric that is declared is counted somewhere: a graph that stays empty tells nobody that it is broken."""

import dataclasses
import re
from pathlib import Path

from doorward.actions.sandbox import Limits, Sandbox
from doorward.observability.metrics import Metrics, make_metrics
from doorward.security.passwords import HashSettings, PasswordHasher

SOURCE = Path(__file__).parent.parent.parent.parent / "src" / "doorward"
OWN = {"registry"}


def test_every_metric_is_counted_somewhere() -> None:
    declared = {each.name for each in dataclasses.fields(Metrics)} - OWN
    texts = [path.read_text() for path in SOURCE.rglob("*.py") if path.name != "metrics.py"]
    used = {name for name in declared if any(re.search(rf"metrics\.{name}\b", text) for text in texts)}
    assert declared - used == set()


async def test_a_hash_is_measured() -> None:
    metrics = make_metrics()
    observe = metrics.hash_seconds.observe
    hasher = PasswordHasher(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True), threads=1, observe=observe)
    try:
        assert await hasher.verify("one password", await hasher.hash("one password"))
    finally:
        hasher.close()
    assert "doorward_password_hash_seconds_count 2.0" in metrics.render().decode()


async def test_a_template_is_measured_and_its_failure_counted() -> None:
    metrics = make_metrics()
    sandbox = Sandbox(1, Limits(template_bytes=100), metrics=metrics)
    await sandbox.start()
    try:
        await sandbox.render("function(ctx) ctx", b"{}")
        await sandbox.render("error 'broken'", b"{}")
        await sandbox.render("error 'cancel: not now'", b"{}")
        await sandbox.render("1" * 101, b"{}")
    finally:
        await sandbox.close()
    text = metrics.render().decode()
    assert "doorward_template_render_seconds_count 3.0" in text
    assert 'doorward_template_failures_total{kind="error"} 2.0' in text
