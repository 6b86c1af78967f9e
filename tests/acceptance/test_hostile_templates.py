"""Templates that mean harm: the server answers others meanwhile, the delivery is a dead letter that says why."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bad_input_page import require_row, told
from running import Server, Simulator, request, running, until

pytestmark = pytest.mark.slow

CUBE = "std.length([1 for a in std.range(1, 2000) for b in std.range(1, 2000) for c in std.range(1, 2000)])"
TOO_MUCH = "`template_memory` or `template_cpu`"
# Which limit is met first may depend on the machine.
HOSTILE = {
    "A template that never ends": (f"function(ctx) {{a: {CUBE}}}", TOO_MUCH),
    "A template that calls itself without end": ("local f(x) = 1 + f(x + 1); function(ctx) f(0)", "`template_error`"),
    "A template that makes a gigabyte": ("function(ctx) {a: std.repeat('x', 1000000000)}", TOO_MUCH),
    "A template that doubles a list forty times": (
        "function(ctx) {a: std.length(std.foldl(function(a, _) a + a, std.range(1, 40), [1]))}",
        TOO_MUCH,
    ),
    "A template that reads a file": ("function(ctx) {a: importstr '/etc/passwd'}", "`template_error`"),
    "A template that is no Jsonnet": ("function(ctx) {a: ", "`template_error`"),
    "A template that needs what the person has not": ("function(ctx) ctx.identity.traits.no", "`template_error`"),
}
HOOK = """
            - hook: web_hook
              config:
                url: "{url}/_sim/state?n={number}"
                method: POST
                body: "base64://{body}"
                response: {response}
"""


def with_templates(folder: Path, simulator: Simulator, templates: list[str], response: str) -> Server:
    hooks = "".join(
        HOOK.format(url=simulator.url, number=number, body=base64.b64encode(each.encode()).decode(), response=response)
        for number, each in enumerate(templates)
    )
    config = f"""
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
selfservice:
  flows:
    registration:
      after:
        password:
          hooks: {hooks}            - hook: session
"""
    return Server(folder, config, "--dev")


def dead_letters(server: Server) -> dict[str, Any]:
    """By the place of the hook in its list."""
    places = {each["name"]: each["path"].rstrip("]").replace("[", ".") for each in server.told("actions", "list")}
    listed = server.told("deliveries", "list", "--state", "dead")
    return {places[each["action"]].rpartition(".")[2]: each for each in listed["deliveries"]}


def test_each_ends_as_a_dead_letter_and_nobody_waits_for_it(tmp_path: Path, simulator: Simulator) -> None:
    server = with_templates(tmp_path, simulator, [template for template, _ in HOSTILE.values()], "{ignore: true}")
    with running(server):
        assert server.sign_up("ada@example.org").status == 200
        until("the page of somebody else", lambda: request("GET", f"{server.public}/ui/registration").status == 200)
        until("every dead letter", lambda: not server.open_deliveries(), 60)
        assert request("GET", f"{server.admin}/health/ready").status == 200
        found = dead_letters(server)
        assert len(found) == len(HOSTILE)
        for number, (what, (_, codes)) in enumerate(HOSTILE.items()):
            letter = found[str(number)]
            assert "root:" not in letter["reason"]
            assert len(letter["reason"]) < 2000
            assert f"`{letter['reason_code']}`" in codes, letter
            require_row(what, codes)
        assert "Traceback" not in server.log.read_text()
        ledger = request("GET", f"{simulator.url}/_sim/requests").body
        assert "/_sim/state?n=" not in json.dumps(ledger)


def test_one_that_a_request_waits_for_is_an_error_without_its_text(tmp_path: Path, simulator: Simulator) -> None:
    never_ends = HOSTILE["A template that never ends"][0]
    server = with_templates(tmp_path, simulator, [never_ends], "{parse: true}")
    with running(server):
        answer = server.sign_up("ada@example.org")
        require_row("A sign-up that waits for a template that never ends", answer.status, told(answer.body))
        assert "std.range" not in json.dumps(answer.body)
        assert server.told("identities", "list") == []
        assert "Traceback" not in server.log.read_text()
