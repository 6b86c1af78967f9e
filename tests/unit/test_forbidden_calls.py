"""What the sources never call: text run as code, a shell, chance that can be foretold, digests that are broken."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parent.parent.parent / "src" / "doorward"
RUNS_TEXT = frozenset(
    {"eval", "exec", "compile", "__import__", "pickle", "marshal", "shelve", "dill", "os.system", "os.popen"}
)
STARTS = frozenset(
    {
        "subprocess",
        "asyncio.create_subprocess_exec",
        "asyncio.create_subprocess_shell",
        "os.fork",
        "os.execv",
        "os.execve",
    }
)
STARTERS = frozenset({"actions/worker.py", "app/workers.py"})
"""Who starts programs: the sandbox of templates, and the parent of the server's processes."""
CHANCE = frozenset({"random", "uuid.uuid1"})
JITTER = frozenset({"delivery/dispatcher.py", "delivery/tools.py"})
"""Who spreads the time of another try; nothing is protected by it."""
WEAK = frozenset({"hashlib.md5", "hashlib.sha1", "md4", "hmac_md4"})
WEAK_BY_PROTOCOL = frozenset(
    {"security/md4.py", "security/unix_crypt.py", "security/imported_digests.py", "security/breaches.py"}
)
"""Hashes of other systems that are only read, and the protocol of the list of leaks."""


def files() -> dict[str, ast.Module]:
    return {str(path.relative_to(SOURCE)): ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


def used_in(tree: ast.AST) -> Iterator[str]:
    """Names that are called or imported, and both `a` and `a.b` of what is taken from a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                yield name
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                yield f"{module}.{name}"
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{each.name}" for each in names)


def users_of(names: frozenset[str]) -> set[str]:
    return {file for file, tree in files().items() if names & set(used_in(tree))}


def test_no_source_calls_what_runs_text() -> None:
    assert len(files()) > 300
    assert not users_of(RUNS_TEXT)


def test_programs_are_started_in_few_places_and_never_by_a_shell() -> None:
    assert users_of(STARTS) <= STARTERS
    shells = (node for tree in files().values() for node in ast.walk(tree) if isinstance(node, ast.keyword))
    assert not [node for node in shells if node.arg == "shell"]
    assert not users_of(frozenset({"asyncio.create_subprocess_shell"}))


def test_chance_that_protects_comes_from_the_system() -> None:
    assert users_of(CHANCE) == JITTER


def test_weak_digests_are_for_imports_and_protocols_only() -> None:
    assert users_of(WEAK) <= WEAK_BY_PROTOCOL


def test_what_is_forbidden_would_be_found() -> None:
    tree = ast.parse("import pickle\nfrom os import popen\neval('1')\nos.system('ls')\nhashlib.md5(b'')")
    assert {"pickle", "os.popen", "eval", "os.system", "hashlib.md5"} <= set(used_in(tree))
