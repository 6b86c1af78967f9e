"""Hostile templates end in the right failure, and the neighbour never notices."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from doorward.actions.sandbox import Cancelled, Limits, Rendered, Sandbox, SandboxBroken, TemplateFailed

HARMLESS = "function(ctx) { email: ctx.identity.traits.email }"
CTX = b'{"identity":{"traits":{"email":"a@example.org"}}}'
CUBE = "std.foldl(function(a, i) std.foldl(function(b, j) b + j % 2, std.range(1, 3000), a), std.range(1, 30000), 0)"
HOSTILE = {
    "tailstrict": ("local f(x) = f(x + 1) tailstrict; f(0)", {"memory", "cpu"}),
    "recursion": ("local f(x) = f(x + 1); f(0)", {"error"}),
    "make_array": ("std.makeArray(1000000000, function(i) i)", {"memory", "cpu"}),
    "repeat": ("std.repeat('x', 100000000)", {"memory", "cpu"}),
    "cube_kept": (
        "[1 for a in std.range(1, 3000) for b in std.range(1, 3000) for c in std.range(1, 3000)]",
        {"cpu", "memory"},
    ),
    "cube_counted": (CUBE, {"cpu"}),
    "parentheses": ("(" * 120_000 + "1" + ")" * 120_000, {"memory", "cpu"}),
    "hundred_megabytes": ("std.join('', [std.repeat('x', 1000000) for i in std.range(1, 100)])", {"memory", "cpu"}),
    "output": ("std.range(1, 60000)", {"output"}),
    "importstr": ("importstr '/etc/hostname'", {"error"}),
    "import": ("import '/etc/passwd'", {"error"}),
    "importbin": ("importbin '/proc/self/environ'", {"error"}),
    "syntax": ("{ a: ", {"error"}),
    "self": ("local a = a; a", {"error"}),
    "field": ("function(ctx) ctx.nothing", {"error"}),
    "function": ("function(ctx) function(x) x", {"error"}),
    "wrong_argument": ("function(other) other", {"error"}),
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    pool = Sandbox(limits=Limits(wall_s=60))  # a busy machine is no reason to fail
    await pool.start()
    yield pool
    await pool.close()


def children() -> set[int]:
    """Workers whose parent is this process, zombies included (Linux). Other tests may have left a database running."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
            is_worker = b"sandbox_worker" in stat.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if int(after_name[1]) == os.getpid() and (is_worker or after_name[0] == "Z"):
            found.add(int(stat.parent.name))
    return found


def environment_and_limits(pid: int) -> tuple[bytes, str]:
    return Path(f"/proc/{pid}/environ").read_bytes(), Path(f"/proc/{pid}/limits").read_text()


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_templates_fail_by_kind_and_neighbours_render(sandbox: Sandbox, name: str) -> None:
    template, kinds = HOSTILE[name]

    async def neighbour() -> list[object]:
        return [await sandbox.render(HARMLESS, CTX) for _ in range(20)]

    hostile, harmless = await asyncio.gather(sandbox.render(template, CTX), neighbour())
    assert isinstance(hostile, TemplateFailed)
    assert hostile.kind in kinds, hostile
    assert len(hostile.reason) < 400
    assert all(isinstance(result, Rendered) and "a@example.org" in result.text for result in harmless)
    assert isinstance(await sandbox.render(HARMLESS, CTX), Rendered)


async def test_the_memory_of_a_rendering_is_64_mib(sandbox: Sandbox) -> None:
    """Thirty thousand objects take some twenty; of two hundred thousand, whose time would do, hardly half fit."""
    objects = "std.length([{{x: i}} for i in std.range(1, {})])"
    assert isinstance(await sandbox.render(objects.format(30_000), CTX), Rendered)
    refused = await sandbox.render(objects.format(200_000), CTX)
    assert refused == TemplateFailed("The template used more than 64 MiB of memory.", "memory")


@pytest.mark.parametrize("traits", [{"bio": "x" * 1_900_000}, {f"field{n}": f"value{n}" for n in range(70_000)}])
async def test_the_longest_context_fits_into_it(sandbox: Sandbox, traits: dict[str, str]) -> None:
    context = orjson.dumps({"identity": {"traits": {"email": "a@example.org", **traits}}})
    assert isinstance(await sandbox.render(HARMLESS, context), Rendered)
    too_long = await sandbox.render(HARMLESS, context + b" " * (2 << 20))
    assert isinstance(too_long, TemplateFailed)
    assert "2097152 are allowed" in too_long.reason


@pytest.mark.parametrize(
    ("template", "note"),
    [
        ("error 'cancel'", "cancel"),
        ("function(ctx) error 'cancelled: no consent'", "cancelled: no consent"),
        ("function(ctx) { a: { b: if true then error 'cancel' else 1 } }", "cancel"),
        ("function(ctx) assert false : 'cancel'; {}", "cancel"),
    ],
)
async def test_an_error_that_begins_with_cancel_cancels(sandbox: Sandbox, template: str, note: str) -> None:
    assert await sandbox.render(template, CTX) == Cancelled(note)


@pytest.mark.parametrize("text", ["not cancel", "Cancel", " cancel", "do\\ncancel"])
async def test_other_errors_do_not(sandbox: Sandbox, text: str) -> None:
    result = await sandbox.render(f"error '{text}'", CTX)
    assert isinstance(result, TemplateFailed)
    assert result.kind == "error"


async def test_reasons_tell_the_line_and_no_address(sandbox: Sandbox) -> None:
    result = await sandbox.render("function(ctx)\n\nerror 'who is ' + ctx.identity.traits.email", CTX)
    assert result == TemplateFailed("RUNTIME ERROR: who is *** (line 3)", "error")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{ a: 1 }", {"a": 1}),
        ("function(ctx) ctx.n + 1", 42),
        ("function(ctx, greeting='hi') greeting", "hi"),
        ("local f = function(ctx) [ctx.n]; f", [41]),
        ("function(ctx) ctx.n // a comment at the end", 41),
        ("function(ctx) ctx.text", "naïve '\"\\ \u2028 😀"),
        ("function(ctx) std.objectHas(ctx, 'session')", False),
        ("null", None),
    ],
)
async def test_templates_render(sandbox: Sandbox, template: str, expected: object) -> None:
    ctx = orjson.dumps({"n": 41, "text": "naïve '\"\\ \u2028 😀"})
    result = await sandbox.render(template, ctx)
    assert isinstance(result, Rendered)
    assert orjson.loads(result.text) == expected


async def test_the_context_is_data_and_never_code(sandbox: Sandbox) -> None:
    ctx = orjson.dumps({"a": "' + error 'x' + '", "b": "%(x)s |||"})
    result = await sandbox.render("function(ctx) ctx", ctx)
    assert isinstance(result, Rendered)
    assert orjson.loads(result.text) == orjson.loads(ctx)


async def test_a_context_of_a_megabyte_works_again_and_again(sandbox: Sandbox) -> None:
    ctx = orjson.dumps({"list": [{"name": f"person {n}", "note": "x" * 80} for n in range(10_000)]})
    assert len(ctx) > 1 << 20
    for _ in range(10):
        assert await sandbox.render("function(ctx) std.length(ctx.list)", ctx) == Rendered("10000\n")


async def test_what_is_too_large_is_refused_beforehand(sandbox: Sandbox) -> None:
    limits = Limits(template_bytes=10, context_bytes=10)
    refused = await sandbox.render("{ a: 1, b: 2 }", b"{}", limits=limits)
    assert refused == TemplateFailed("The template has 14 bytes; 10 are allowed.", "error")
    refused = await sandbox.render("1", b'{"a":"bcdef"}', limits=limits)
    assert refused == TemplateFailed("The context has 13 bytes; 10 are allowed.", "error")


async def test_wall_time_ends_a_rendering(sandbox: Sandbox) -> None:
    result = await sandbox.render(CUBE, CTX, limits=Limits(cpu_s=60, wall_s=0.2))
    assert isinstance(result, TemplateFailed)
    assert result.kind == "wall"
    assert isinstance(await sandbox.render(HARMLESS, CTX), Rendered)


async def test_a_cancelled_caller_takes_its_worker_along() -> None:
    sandbox = Sandbox(workers=1)
    await sandbox.start()
    task = asyncio.create_task(sandbox.render(CUBE, CTX, limits=Limits(cpu_s=60, wall_s=60)))
    waiting = asyncio.create_task(sandbox.render(HARMLESS, CTX))
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # the answer belongs to this question, not to the one that was given up
    assert isinstance(await waiting, Rendered)
    await sandbox.close()
    assert not children()


async def test_a_killed_worker_is_replaced() -> None:
    sandbox = Sandbox(workers=1)
    await sandbox.start()
    (pid,) = children()
    os.kill(pid, 9)
    results = [await sandbox.render(HARMLESS, CTX) for _ in range(2)]
    assert isinstance(results[-1], Rendered)
    assert children() != {pid}
    await sandbox.close()


async def test_closing_leaves_no_process_and_wakes_who_waits() -> None:
    sandbox = Sandbox(workers=1)
    await sandbox.start()
    assert len(children()) == 1
    busy = asyncio.create_task(sandbox.render(CUBE, CTX, limits=Limits(cpu_s=60, wall_s=60)))
    waiting = [asyncio.create_task(sandbox.render(HARMLESS, CTX)) for _ in range(3)]
    for _ in range(5):
        await asyncio.sleep(0)
    await sandbox.close()
    results = await asyncio.gather(busy, *waiting, return_exceptions=True)
    assert isinstance(results[0], TemplateFailed)
    assert all(isinstance(result, SandboxBroken | TemplateFailed) for result in results[1:])
    assert not children()
    await sandbox.close()
    with pytest.raises(SandboxBroken):
        await sandbox.render(HARMLESS, CTX)


async def test_it_can_be_started_again() -> None:
    sandbox = Sandbox(workers=1)
    for _ in range(2):
        await sandbox.start()
        assert isinstance(await sandbox.render(HARMLESS, CTX), Rendered)
        await sandbox.close()
    assert not children()


async def test_workers_know_nothing_of_the_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORWARD_TEST_SECRET", "abc")
    other = Sandbox(workers=1)
    before = children()
    await other.start()
    (pid,) = children() - before
    environment, limits = await asyncio.to_thread(environment_and_limits, pid)
    assert b"DOORWARD_TEST_SECRET" not in environment
    assert b"MALLOC_ARENA_MAX=1" in environment
    assert "Max open files            0" in limits
    await other.close()


SERVER = """
import asyncio, os, pathlib, sys
from doorward.actions.sandbox import Sandbox

async def main():
    sandbox = Sandbox(workers=1)
    await sandbox.start()
    print(pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_workers_leave_when_their_server_is_killed() -> None:
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVER, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    worker = os.pidfd_open(int(await server.stdout.readline()))
    gone = asyncio.Event()
    asyncio.get_running_loop().add_reader(worker, gone.set)
    server.kill()
    await server.wait()
    async with asyncio.timeout(10):
        await gone.wait()
    asyncio.get_running_loop().remove_reader(worker)
    os.close(worker)


async def test_workers_may_wait_until_they_are_needed() -> None:
    sandbox = Sandbox(2)
    await sandbox.start(at_once=False)
    try:
        answers = await asyncio.gather(*(sandbox.render("function(ctx) ctx.a", b'{"a": 1}') for _ in range(5)))
        assert [each.text for each in answers if isinstance(each, Rendered)] == ["1\n"] * 5
    finally:
        await sandbox.close()
