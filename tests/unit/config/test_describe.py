"""The configuration as plain values, secrets as stars."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from doorward.config.describe import UnknownKey, find_at, plain
from doorward.config.load import Loaded
from doorward.config.secrets import STARS

LoadTree = Callable[..., Loaded]
CHANGES: dict[str, Any] = {
    "dsn": "postgres://u:hush-1@h/d",
    "destinations": {"crm": {"connector": "hubspot", "token": "hush-2", "portal_id": "7"}},
    "selfservice": {
        "methods": {"oidc": {"config": {"providers": [{"id": "a", "client_secret": "hush-3"}]}}},
        "flows": {
            "login": {
                "after": {
                    "hooks": [
                        {
                            "hook": "web_hook",
                            "config": {"auth": {"config": {"value": "hush-4"}}, "headers": {"X": "hush-5"}},
                        }
                    ],
                    "totp": {"default_browser_return_url": "http://a.example"},
                }
            }
        },
    },
}


def test_everything_is_json_and_no_secret_is_in_it(load_tree: LoadTree) -> None:
    described = plain(load_tree(CHANGES).config)

    assert "hush" not in orjson.dumps(described).decode()
    assert described["session"]["lifespan"] == "24h"
    assert described["destinations"]["crm"] == {"connector": "hubspot", "token": STARS, "portal_id": "7"}
    assert "path" not in described["destinations"]["crm"]
    assert (
        described["selfservice"]["flows"]["login"]["after"]["totp"]["default_browser_return_url"] == "http://a.example"
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("serve.public.port", 4433),
        ("session.lifespan", "24h"),
        ("identity.schemas.0.id", "person"),
        ("dsn", STARS),
        ("destinations.crm.token", STARS),
        ("destinations.crm.portal_id", "7"),
        ("selfservice.flows.login.after.totp.default_browser_return_url", "http://a.example"),
        ("selfservice.flows.login.after.hooks.0.config.auth.config.value", STARS),
        ("selfservice.flows.login.after.hooks.0.hook", "web_hook"),
    ],
)
def test_single_keys(load_tree: LoadTree, path: str, expected: object) -> None:
    assert plain(find_at(load_tree(CHANGES).config, path)) == expected


@pytest.mark.parametrize(
    "path", ["serv", "serve.public.x", "identity.schemas.9", "dsn.value", "destinations.crm.path", "dsn.x"]
)
def test_keys_that_are_not(load_tree: LoadTree, path: str) -> None:
    with pytest.raises(UnknownKey):
        find_at(load_tree(CHANGES).config, path)
