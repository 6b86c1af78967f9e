"""From files, environment and flags to one snapshot."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.config.fields import setting
from doorward.config.files import merged
from doorward.config.load import Loaded, find_files, load
from doorward.config.plugins import Plugins, settings_check
from doorward.config.problems import InvalidConfiguration
from doorward.config.secrets import Secret

LoadTree = Callable[..., Loaded]

KRATOS = """
version: v1.3.0
dsn: sqlite:///var/lib/kratos/db.sqlite?_fk=true
serve:
  public: {base_url: http://127.0.0.1:4433/, cors: {enabled: true}}
  admin: {base_url: http://127.0.0.1:4434/, host: 127.0.0.1}
selfservice:
  default_browser_return_url: http://127.0.0.1:4455/
  allowed_return_urls: [http://127.0.0.1:4455]
  methods:
    password: {enabled: true, config: {haveibeenpwned_enabled: false}}
    totp: {config: {issuer: Kratos}, enabled: true}
    link: {enabled: true}
    code: {enabled: true}
  flows:
    error: {ui_url: http://127.0.0.1:4455/error}
    settings: {ui_url: http://127.0.0.1:4455/settings, privileged_session_max_age: 15m, required_aal: highest_available}
    recovery: {enabled: true, ui_url: http://127.0.0.1:4455/recovery, use: code}
    verification: {enabled: true, ui_url: http://127.0.0.1:4455/verification, after: {default_browser_return_url: http://a/}}
    logout: {after: {default_browser_return_url: http://127.0.0.1:4455/login}}
    login: {ui_url: http://127.0.0.1:4455/login, lifespan: 10m}
    registration:
      lifespan: 10m
      ui_url: http://127.0.0.1:4455/registration
      after: {password: {hooks: [{hook: session}, {hook: show_verification_ui}]}}
log: {level: debug, format: text, leak_sensitive_values: true}
secrets: {cookie: [PLEASE-CHANGE-ME-I-AM-VERY-INSECURE], cipher: [32-LONG-SECRET-NOT-SECURE-AT-ALL]}
ciphers: {algorithm: xchacha20-poly1305}
hashers: {algorithm: bcrypt, bcrypt: {cost: 8}}
identity: {default_schema_id: default, schemas: [{id: default, url: file:///etc/config/identity.schema.json}]}
courier: {smtp: {connection_uri: smtps://test:test@mailslurper:1025/?skip_ssl_verify=true}}
feature_flags: {use_continue_with_transitions: true}
"""


def test_a_kratos_file_loads_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "kratos.yml"
    file.write_text(KRATOS)

    loaded = load(file, {})

    assert loaded.errors == ()
    assert [one.path for one in loaded.warnings] == ["log.leak_sensitive_values"]
    assert loaded.config.hashers.bcrypt.cost == 8
    assert loaded.config.hashers.algorithm == "bcrypt"
    assert loaded.config.courier.smtp.connection_uri == Secret(
        "smtps://test:test@mailslurper:1025/?skip_ssl_verify=true"
    )


def test_later_files_lie_on_top_and_flags_on_everything(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(KRATOS)
    (tmp_path / "b.json").write_text(
        '{"serve": {"public": {"port": 1}, "admin": {"port": 2}}, "log": {"level": "error"}}'
    )

    config = load(
        (tmp_path / "a.yml", tmp_path / "b.json"),
        {"SERVE_ADMIN_PORT": "3", "LOG_LEVEL": "info"},
        {"log.level": "trace"},
    ).config

    assert (config.serve.public.port, config.serve.admin.port, config.log.level) == (1, 3, "trace")
    assert config.serve.public.cors.enabled is True


def test_everything_wrong_is_named_at_once_and_stops_the_start(load_tree: LoadTree) -> None:
    loaded = load_tree(
        {
            "serv": {},
            "dsn": 5,
            "log": {"level": "loud"},
            "profiling": "cpu",
            "secrets": {"cipher": []},
            "identity": {"schemas": []},
        },
        {"SERVE_PUBLIC_PORT": "x"},
    )

    assert {one.path for one in loaded.errors} == {"serv", "dsn", "log.level", "secrets.cipher", "serve.public.port"}
    assert [one.path for one in loaded.warnings] == ["profiling"]
    with pytest.raises(InvalidConfiguration) as raised:
        loaded.checked()
    assert "serv: this key is not known; did you mean `serve`?" in str(raised.value)


def test_without_a_file_dev_runs_on_defaults_and_the_rest_does_not() -> None:
    config = load(None, {}, {"dev": True}).checked()

    assert config.serve.public.host == "127.0.0.1"
    assert config.selfservice.flows.registration.ui_url == "http://127.0.0.1:4433/ui/registration"
    assert config.selfservice.default_browser_return_url == "http://127.0.0.1:4433/ui/welcome"
    assert [hook.hook for hook in config.selfservice.flows.registration.after.hooks_of("password")] == ["session"]
    assert [one.code for one in load(None, {}).errors] == ["no_file"]


def test_an_empty_file_misses_what_is_required(tmp_path: Path) -> None:
    (tmp_path / "e.yml").write_text("# nothing yet")

    paths = [one.path for one in load(tmp_path / "e.yml", {}).errors]

    assert paths == ["dsn", "identity.schemas", "secrets.cookie", "secrets.cipher"]


def test_a_variable_does_not_push_the_developers_defaults_away() -> None:
    config = load(
        None, {"SERVE_PUBLIC_PORT": "5000", "SELFSERVICE_FLOWS_LOGIN_LIFESPAN": "1m"}, {"dev": True}
    ).checked()

    assert config.serve.public.host == "127.0.0.1"
    assert config.selfservice.flows.registration.after.hooks_of("password")


def test_the_environment_alone_is_enough() -> None:
    env = {
        "DSN": "memory",
        "SECRETS_COOKIE": "cookie-secret-0001",
        "SECRETS_CIPHER": "cipher-secret-of-thirty-two-chars",
        "IDENTITY_SCHEMAS": '[{"id": "default", "url": "file://x"}]',
    }

    assert load(None, env).checked().identity.schemas[0].id == "default"


def test_in_dev_a_file_without_identities_adds_to_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "doorward.yml"
    hooks = "selfservice: {flows: {registration: {after: {hooks: [{hook: hubspot, config: {destination: crm}}]}}}}"
    file.write_text(f"{hooks}\ndestinations: {{crm: {{connector: hubspot}}}}")

    after = load(file, {}, {"dev": True}).checked().selfservice.flows.registration.after

    assert [hook.hook for hook in (*after.hooks, *after.hooks_of("password"))] == ["hubspot", "session"]


def test_in_dev_a_complete_file_stays_as_it_is(load_tree: LoadTree) -> None:
    config = load_tree({"dev": True, "selfservice": {"flows": {"login": {"lifespan": "1m"}}}}).checked()

    assert config.selfservice.flows.registration.after.hooks_of("password") == ()


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        ({}, "http://127.0.0.1:4433/"),
        ({"public": {"host": "::1", "port": 80}}, "http://[::1]:80/"),
        ({"public": {"host": "id.example"}}, "http://id.example:4433/"),
        ({"public": {"base_url": "https://id.example"}}, "https://id.example"),
    ],
)
def test_the_public_address(load_tree: LoadTree, serve: Mapping[str, Any], expected: str) -> None:
    config = load_tree({"serve": serve}).checked()

    assert config.serve.public.base_url == expected
    assert config.selfservice.flows.login.ui_url == expected.rstrip("/") + "/ui/login"


def test_what_one_key_says_about_another(load_tree: LoadTree) -> None:
    config = load_tree(
        {
            "selfservice": {
                "methods": {"code": {"enabled": False, "passwordless_enabled": True}},
                "flows": {"registration": {"enable_legacy_one_step": True}},
            }
        }
    ).checked()

    assert config.selfservice.methods["code"].enabled is True
    assert config.selfservice.flows.registration.style == "unified"


WORDS = st.sampled_from(
    [
        "serve",
        "admin",
        "host",
        "api_keys",
        "identity",
        "schemas",
        "id",
        "selfservice",
        "flows",
        "login",
        "after",
        "hooks",
    ]
)
NESTED: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["web_hook", "http://10.0.0.1", "env:A", "file:b", ""]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(WORDS, below, max_size=3),
    max_leaves=12,
)


@given(
    tree=st.dictionaries(WORDS, NESTED, max_size=4), hook=st.dictionaries(st.sampled_from(["hook", "config"]), NESTED)
)
def test_nothing_that_an_operator_writes_raises(tmp_path_factory: pytest.TempPathFactory, tree: Any, hook: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    lists = {"selfservice": {"flows": {"registration": {"after": {"hooks": [hook], "password": {"hooks": [hook]}}}}}}
    file.write_text(json.dumps(merged(tree, lists)))

    for problem in load(file, {}).problems:
        assert problem.path
        assert problem.text


@dataclass(frozen=True, slots=True, kw_only=True)
class BellSettings:
    """A plug-in's own."""

    volume: int = setting(1, "How loud.", required=True)


def test_plug_ins_check_their_own_sections(load_tree: LoadTree, tmp_path: Path) -> None:
    check = settings_check(BellSettings)
    plugins = Plugins(methods={"bell": BellSettings}, hooks={"ring": check}, connectors={"bell": check})
    load_tree(
        {
            "selfservice": {
                "methods": {"bell": {"enabled": True, "config": {"volum": 3}}},
                "flows": {"login": {"after": {"hooks": [{"hook": "ring", "config": {"volume": "x"}}]}}},
            },
            "destinations": {"one": {"connector": "bell"}, "two": {"connector": "bel", "volume": 1}},
        }
    )

    loaded = load(tmp_path / "doorward.yml", {}, None, plugins)

    assert {(one.path, one.code) for one in loaded.problems} == {
        ("selfservice.methods.bell.config.volum", "unknown_key"),
        ("selfservice.methods.bell.config.volume", "missing"),
        ("selfservice.flows.login.after.hooks.0.config.volume", "wrong_value"),
        ("destinations.one.volume", "missing"),
        ("destinations.two.connector", "unknown_connector"),
    }


def test_no_secret_is_in_the_repr_of_what_was_loaded(load_tree: LoadTree) -> None:
    loaded = load_tree(
        {
            "dsn": "postgres://u:hush-1@h/d",
            "secrets": {"cookie": ["hush-2-hush-2-hush-2"]},
            "destinations": {"crm": {"connector": "hubspot", "token": "hush-3"}},
            "selfservice": {
                "flows": {"login": {"after": {"hooks": [{"hook": "web_hook", "config": {"auth": "hush-4"}}]}}}
            },
            "serve": {"admin": {"api_keys": ["hush-5"]}},
        }
    )

    assert "hush" not in repr(loaded.config)
    assert "hush" not in repr(loaded.problems)


def test_where_the_file_is_looked_for(tmp_path: Path) -> None:
    assert find_files((), {}, tmp_path) == ()
    (tmp_path / "doorward.yml").write_text("")
    assert find_files((), {}, tmp_path) == (tmp_path / "doorward.yml",)
    assert find_files((), {"DOORWARD_CONFIG": "a.yml, b.yml"}, tmp_path) == (Path("a.yml"), Path("b.yml"))
    assert find_files(("c.yml",), {"DOORWARD_CONFIG": "a.yml"}, tmp_path) == (Path("c.yml"),)
