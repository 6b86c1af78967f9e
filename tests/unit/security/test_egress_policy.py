"""The operator's rules, without a network."""

import pytest

from doorward.config.model_serve import HttpClientConfig
from doorward.security.egress_policy import EgressPolicy
from doorward.security.outgoing import EgressRefused, masked

CLOSED = EgressPolicy()


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("ftp://example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("mailto:a@example.org", "scheme"),
        ("http://", "url"),
        ("http://example.org:99999/", "url"),
        ("http://[::1", "url"),
        ("http://example.org/a b", "url"),
        ("http://example.org/\r\nX: y", "url"),
        ("http://127.0.0.1/", "loopback"),
        ("http://localhost:8080/", "loopback"),
        ("http://LOCALHOST./", "loopback"),
        ("http://a.localhost/", "loopback"),
        ("http://[::1]/", "loopback"),
        ("http://2130706433/", "loopback"),
        ("http://10.0.0.1/", "private"),
        ("https://[fd00::1]/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "metadata"),
        ("http://metadata.google.internal/", "metadata"),
        ("http://[fe80::1%25eth0]/", "link_local"),
        ("http://0.0.0.0/", "reserved"),
    ],
)
def test_what_is_refused_and_by_which_rule(url: str, rule: str) -> None:
    with pytest.raises(EgressRefused) as caught:
        CLOSED.check(url)
    assert caught.value.rule == rule
    assert CLOSED.explain(url) is not None


@pytest.mark.parametrize("url", ["https://example.org/x?y=z", "http://8.8.8.8/", "https://user:pw@example.org/"])
def test_the_public_internet_is_open(url: str) -> None:
    CLOSED.check(url)
    assert CLOSED.explain(url) is None


@pytest.mark.parametrize(
    "policy",
    [
        EgressPolicy(allow_private=True),
        EgressPolicy(allowed_hosts=frozenset({"10.0.0.1"})),
        EgressPolicy(exception_globs=("http://10.0.0.1/hook/*",)),
        EgressPolicy(exception_globs=("http://10.0.{0,1}.[0-9]/**",)),
    ],
)
def test_private_addresses_can_be_opened(policy: EgressPolicy) -> None:
    policy.check("http://10.0.0.1/hook/a?secret=1")
    policy.check("http://u:p@10.0.0.1/hook/a#x")


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "http://100.100.100.200/", "http://[fe80::1]/"])
def test_metadata_is_closed_to_everyone(url: str) -> None:
    everything = EgressPolicy(
        allow_private=True, allowed_hosts=frozenset({"169.254.169.254"}), exception_globs=("http://**",)
    )
    with pytest.raises(EgressRefused):
        everything.check(url, trusted=True)


@pytest.mark.parametrize(
    ("glob", "url", "expected"),
    [
        ("http://10.0.0.1/exception", "http://10.0.0.1/exception", True),
        ("http://10.0.0.1/exception", "http://10.0.0.1/exception/more", False),
        ("http://10.0.0.1/*", "http://10.0.0.1/a/b", False),
        ("http://10.0.0.1/**", "http://10.0.0.1/a/b", True),
        ("http://*.corp.local/**", "http://crm.corp.local/x", True),
        ("http://*.corp.local/**", "http://a.crm.corp.local/x", False),
        ("http://crm.corp.local", "http://crmxcorp.local", False),
        ("http://10.0.0.[!1]/", "http://10.0.0.2/", True),
        ("http://10.0.0.[!1]/", "http://10.0.0.1/", False),
        ("http://10.0.0.?/", "http://10.0.0.1/", True),
        ("http://{a,b}.corp/", "http://b.corp/", True),
        ("http://{a,b.corp/", "http://a.corp/", False),
        ("http://10.0.0.1/*", "http://user@10.0.0.1/a", True),
        ("http://10.0.0.1/*", "http://10.0.0.1@evil.example/a", False),
    ],
)
def test_globs(glob: str, url: str, expected: bool) -> None:
    assert EgressPolicy(exception_globs=(glob,)).is_exempt(url) is expected


@pytest.mark.parametrize(
    ("setting", "dev", "expected"),
    [(None, False, False), (None, True, True), (False, False, True), (True, True, False), (True, False, False)],
)
def test_private_is_open_only_in_dev_or_when_said(setting: bool | None, dev: bool, expected: bool) -> None:
    config = HttpClientConfig(disallow_private_ip_ranges=setting, private_ip_exception_urls=("http://a/*",))
    policy = EgressPolicy.from_config(config, dev=dev, allowed_hosts=["CRM.corp"])
    assert policy.allow_private is expected
    assert policy.is_exempt("http://crm.CORP/x")
    assert policy.is_exempt("http://a/b")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pw@example.org:8443/a?token=x#frag", "https://example.org:8443/***"),
        ("https://hooks.example/services/T0/B0/secret", "https://hooks.example/***"),
        ("https://example.org/?token=x", "https://example.org/***"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ("http://[broken", "***"),
        ("http://exa\x00mple.org", "http://exa?mple.org"),
    ],
)
def test_urls_in_texts_hold_no_secret(url: str, expected: str) -> None:
    assert masked(url) == expected
