"""Contexts rendered together come out as if each had been rendered alone, whatever happens to one of them."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.actions.rendering import Cancelled, Limits, Rendered, TemplateFailed
from doorward.actions.sandbox import CHUNK, Sandbox
from doorward.actions.sandbox_worker import elements, evaluate

numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | st.sampled_from(["\n   ", ",\n   ", "]\n", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(2)
    await made.start()
    yield made
    await made.close()


@given(st.lists(values, min_size=2, max_size=6))
@settings(deadline=None)
def test_the_elements_of_a_batch_are_what_each_context_gives_alone(contexts: list[Any]) -> None:
    documents = [orjson.dumps(each).decode() for each in contexts]
    alone = [evaluate("function(ctx) ctx", each, is_batch=False) for each in documents]
    status, together = evaluate("function(ctx) ctx", orjson.dumps(documents).decode(), is_batch=True)
    assert (status, elements(together)) == (b"+", [text for _, text in alone])


@pytest.mark.parametrize("count", [0, 1, 2, CHUNK, CHUNK + 1, 3 * CHUNK])
async def test_results_come_in_the_order_of_the_contexts(sandbox: Sandbox, count: int) -> None:
    results = await sandbox.render_many("function(ctx) ctx.n", [b'{"n": %d}' % n for n in range(count)])
    assert results == [Rendered(f"{n}\n") for n in range(count)]


async def test_a_template_need_not_be_a_function(sandbox: Sandbox) -> None:
    assert await sandbox.render_many("{a: 1}", [b"{}", b"{}"]) == [Rendered('{\n   "a": 1\n}\n')] * 2


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("error 'cancel: not this one'", Cancelled),
        ("error 'no'", TemplateFailed),
        ("std.foldl(function(a, b) a + a, std.range(1, 64), 'xxxxxxxx')", TemplateFailed),
        ("local loop(n) = loop(n + 1) tailstrict; loop(0)", TemplateFailed),
        ("std.repeat('x', 2000)", TemplateFailed),
    ],
)
async def test_one_that_fails_leaves_its_neighbours_alone(bad: str, expected: type) -> None:
    sandbox = Sandbox(2, Limits(cpu_s=0.3, memory_bytes=64 << 20, output_bytes=1000))
    await sandbox.start()
    results = await sandbox.render_many(
        f"function(ctx) if ctx.n == 3 then {bad} else ctx.n", [b'{"n": %d}' % n for n in range(6)]
    )
    assert isinstance(results[3], expected)
    assert [each for n, each in enumerate(results) if n != 3] == [Rendered(f"{n}\n") for n in range(6) if n != 3]
    assert await sandbox.render("1", b"{}") == Rendered("1\n")
    await sandbox.close()


async def test_a_context_that_is_no_json_fails_alone(sandbox: Sandbox) -> None:
    good, bad = b'{"n": 1}', b'1], ["2'
    results = await sandbox.render_many("function(ctx) ctx", [good, bad, good])
    assert [type(each) for each in results] == [Rendered, TemplateFailed, Rendered]


async def test_a_template_that_is_no_jsonnet_fails_for_each(sandbox: Sandbox) -> None:
    results = await sandbox.render_many("function(ctx", [b"{}", b"{}"])
    assert [type(each) for each in results] == [TemplateFailed, TemplateFailed]
