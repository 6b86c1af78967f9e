"""The `delivery` section reaches the engine whole."""

from datetime import timedelta

import pytest

from doorward.app.dispatching import delivery_settings
from doorward.config.model_delivery import DeliveryConfig


@pytest.mark.parametrize("name", ["concurrency", "lease_s", "leadership_s", "poll_s", "drain_s"])
def test_a_number_is_handed_on(name: str) -> None:
    given = DeliveryConfig(concurrency=7, lease_s=11, leadership_s=3.0, poll_s=0.5, drain_s=13.0)
    assert getattr(delivery_settings(given), name) == getattr(given, name)


def test_what_nobody_set_is_as_the_pages_say() -> None:
    settings = delivery_settings(DeliveryConfig())
    assert (settings.lease_s, settings.leadership_s, settings.poll_s) == (60.0, 10.0, 1.0)


def test_retention_is_counted_in_days() -> None:
    assert delivery_settings(DeliveryConfig(retention=timedelta(hours=36))).retention_days == 1.5


@pytest.mark.parametrize(("pull_wait_s", "poll_s"), [(0.1, 0.1), (5.0, 1.0), (0.0, 0.05)])
def test_an_impatient_courier_looks_more_often(pull_wait_s: float, poll_s: float) -> None:
    assert delivery_settings(DeliveryConfig(), timedelta(seconds=pull_wait_s)).poll_s == poll_s
