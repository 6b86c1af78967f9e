"""From files, environment and flags to one checked snapshot. Order: files, then environment, then flags; later wins."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from doorward.config import environment, kratos
from doorward.config.dev import below
from doorward.config.files import merged, placed, read_file
from doorward.config.hooks import analyse_hooks, list_hooks
from doorward.config.keys import Key, list_keys
from doorward.config.model import Config
from doorward.config.model_flows import FlowsConfig, MethodConfig, SelfServiceConfig, default_methods
from doorward.config.plugins import Plugins, check_plugged
from doorward.config.problems import InvalidConfiguration, Problem, Severity, error
from doorward.config.read import read
from doorward.config.rules import check_rules
from doorward.config.secrets import resolve
from doorward.config.watch import Seen

DEFAULT_FILE = "doorward.yml"
EVERY_INTERFACE = ("", "0.0.0.0", "::", "[::]")  # noqa: S104 -- compared, not bound
PAGES = ("registration", "login", "settings", "recovery", "verification", "error")


@dataclass(frozen=True, slots=True)
class Loaded:
    """`config` is always there, with defaults where a key was wrong; use `checked()` unless you only describe it.

    `tree` is what files, environment and flags said together; its references are Secrets. `seen` is what the files
    were like before they were read, where a server goes on to watch them.
    """

    config: Config
    problems: tuple[Problem, ...]
    files: tuple[Path, ...]
    tree: Mapping[str, Any]
    seen: Mapping[Path, Seen] | None = None

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What stops the start."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is only named."""
        return tuple(one for one in self.problems if one.severity is Severity.WARNING)

    def checked(self) -> Config:
        """The configuration; raises InvalidConfiguration, which holds every error."""
        if self.errors:
            raise InvalidConfiguration(self.errors)
        return self.config


def find_files(given: Sequence[str | Path], env: Mapping[str, str], folder: Path = Path()) -> tuple[Path, ...]:
    """`--config` (as often as given), else `DOORWARD_CONFIG` (comma-separated), else `./doorward.yml` if it exists."""
    if given:
        return tuple(Path(one) for one in given)
    if env.get("DOORWARD_CONFIG"):
        return tuple(Path(one.strip()) for one in env["DOORWARD_CONFIG"].split(","))
    return (folder / DEFAULT_FILE,) if (folder / DEFAULT_FILE).is_file() else ()


def load(
    path: str | Path | Sequence[str | Path] | None,
    env: Mapping[str, str],
    flags: Mapping[str, Any] | None = None,
    plugins: Plugins | None = None,
) -> Loaded:
    """Reads and checks everything at once; never raises for what an operator wrote.

    `path` is one file, several (the later on top) or None; `flags` maps dotted paths to values (`{"dev": True}`).
    In dev a file without `identity` adds to the developer's defaults (`dev.below`).
    """
    files = _as_files(path)
    plugins = plugins or Plugins()
    problems: list[Problem] = []
    tree: dict[str, Any] = {}
    for file in files:
        raw = read_file(file, problems)
        tree = merged(tree, resolve(raw, env=env, folder=file.parent, path="", problems=problems))
    if any(one.code == "unreadable_file" for one in problems):
        # What the file would have said is unknown, so nothing can be called missing.
        return Loaded(Config(), tuple(_once(problems)), files, tree)
    filed, keys = tree, [*list_keys(Config, plugins.settings_by_path()), *environment.text_keys(plugins.texts)]
    tree = _overridden(filed, env, keys, flags or {}, problems)
    if tree.get("dev") is True:
        tree = _overridden(below(filed), env, keys, flags or {}, problems)
    if not (tree or files or problems):
        text = "there is no configuration: name a file with --config, or use --dev"
        return Loaded(Config(), (error("no_file", DEFAULT_FILE, text),), files, tree)
    said = kratos.set_aside(tree, problems)
    config = _implied(_with_addresses(read(Config, said, "", problems, fallback=_defaults(plugins)), said))
    blamed = [one.path for one in problems if one.severity is Severity.ERROR]
    problems.extend(check_plugged(config, list_hooks(config), plugins))
    found = [*check_rules(config), *plugins.whole(config)]
    problems.extend(one for one in found if not any(_touch(one.path, path) for path in blamed))
    problems.extend(analyse_hooks(config, frozenset(plugins.hooks)))
    return Loaded(config, tuple(_once(problems)), files, tree)


def _overridden(
    tree: Mapping[str, Any],
    env: Mapping[str, str],
    keys: list[Key],
    flags: Mapping[str, Any],
    problems: list[Problem],
) -> dict[str, Any]:
    result = environment.apply(tree, env, keys, problems)
    for path, value in flags.items():
        result = placed(result, path, value)
    return result


def _as_files(path: str | Path | Sequence[str | Path] | None) -> tuple[Path, ...]:
    if path is None:
        return ()
    return (Path(path),) if isinstance(path, str | Path) else tuple(Path(one) for one in path)


def _defaults(plugins: Plugins) -> Config:
    methods = dict(default_methods())
    for name in plugins.methods:
        methods.setdefault(name, MethodConfig(path=f"selfservice.methods.{name}"))
    return Config(selfservice=SelfServiceConfig(methods=methods))


def _with_addresses(config: Config, tree: Mapping[str, Any]) -> Config:
    """Base addresses made from host and port where none was given, and our own pages where no page was named."""
    public, admin = config.serve.public, config.serve.admin
    serve = tree.get("serve")
    given = {name for name in ("public", "admin") if _has(serve, name, "base_url")}
    if "public" not in given:
        public = replace(public, base_url=_address(public.host, public.port, public.tls.is_on))
    if "admin" not in given:
        admin = replace(admin, base_url=_address(admin.host, admin.port, admin.tls.is_on))
    ui = public.base_url.rstrip("/") + "/ui/"
    flows = config.selfservice.flows
    pages = {name: replace(getattr(flows, name), ui_url=getattr(flows, name).ui_url or ui + name) for name in PAGES}
    selfservice = replace(
        config.selfservice,
        default_browser_return_url=config.selfservice.default_browser_return_url or ui + "welcome",
        flows=FlowsConfig(**pages, logout=flows.logout),
    )
    return replace(config, serve=replace(config.serve, public=public, admin=admin), selfservice=selfservice)


def _implied(config: Config) -> Config:
    """What one key says about another: sign-in by code switches the method on, the older key sets the style."""
    methods, flows = config.selfservice.methods, config.selfservice.flows
    if methods["code"].passwordless_enabled:
        methods = {**methods, "code": replace(methods["code"], enabled=True)}
    if flows.registration.enable_legacy_one_step:
        flows = replace(flows, registration=replace(flows.registration, style="unified"))
    return replace(config, selfservice=replace(config.selfservice, methods=methods, flows=flows))


def _address(host: str, port: int, is_tls: bool) -> str:
    name = "127.0.0.1" if host in EVERY_INTERFACE else host
    scheme = "https" if is_tls else "http"
    bracketed = f"[{name}]" if ":" in name and not name.startswith("[") else name
    return f"{scheme}://{bracketed}:{port}/"


def _has(tree: Any, *keys: str) -> bool:
    for key in keys:
        if not isinstance(tree, Mapping) or key not in tree:
            return False
        tree = tree[key]
    return True


def _touch(one: str, other: str) -> bool:
    """Whether one path is the other or stands inside it: then the second complaint only repeats the first."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _once(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Errors first, each thing said once."""
    ordered = dict.fromkeys(problems)
    yield from (one for one in ordered if one.severity is Severity.ERROR)
    yield from (one for one in ordered if one.severity is Severity.WARNING)
