"""Health, the other port, and the description of the API."""

import pytest
from starlette.types import ASGIApp

from doorward.api.admin.meta import AdminMetaApi
from doorward.api.admin.other_port import PublicElsewhere
from doorward.api.openapi import openapi_document
from doorward.config.model_serve import AdminServe
from doorward.observability.metrics import make_metrics
from doorward.web.middleware import admin_stack
from public_port import JSON, Client, PublicPort, call


@pytest.mark.parametrize("path", ["/health/alive", "/health/ready"])
async def test_health(client: Client, path: str) -> None:
    assert (await client.get(path)).json == {"status": "ok"}


async def test_without_its_database_a_server_is_alive_but_not_ready(port: PublicPort, client: Client) -> None:
    await port.database.close()
    assert (await client.get("/health/alive")).status == 200
    answer = await client.get("/health/ready")
    assert answer.status == 503
    assert list(answer.json["errors"]) == ["database"]


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/admin/identities", 307, "/admin/identities"),
        ("POST", "/identities", 307, "/admin/identities"),
        ("GET", "/identities?page_size=1", 307, "/admin/identities?page_size=1"),
        ("DELETE", "/admin/identities/1", 307, "/admin/identities/1"),
        ("PATCH", "/identities/1", 307, "/admin/identities/1"),
        ("DELETE", "/identities/1/credentials/totp", 307, "/admin/identities/1/credentials/totp"),
        ("GET", "/admin/courier/messages/1", 307, "/admin/courier/messages/1"),
        ("PATCH", "/identities", 405, ""),
        ("POST", "/identities/1", 405, ""),
        ("POST", "/recovery/link", 307, "/admin/recovery/link"),
        ("GET", "/admin/courier/messages", 307, "/admin/courier/messages"),
        ("PATCH", "/admin/identities", 405, ""),
        ("GET", "/admin/sessions", 404, ""),
        ("GET", "/version", 404, ""),
    ],
)
async def test_admin_paths_on_the_public_port(
    client: Client, method: str, path: str, status: int, location: str
) -> None:
    answer = await client.call(method, path)
    expected = f"http://127.0.0.1:4434{location}" if location else ""
    assert (answer.status, answer.header("location")) == (status, expected)


async def shown() -> bytes:
    return make_metrics().render()


def admin_port() -> ASGIApp:
    meta = AdminMetaApi("1.2.3", "revision-7", shown)
    return admin_stack([*meta.routes(), *PublicElsewhere("http://p/").routes()], AdminServe(), make_metrics())


@pytest.mark.parametrize("prefix", ["", "/admin"])
async def test_the_admin_port_tells_about_itself(prefix: str) -> None:
    app = admin_port()
    assert (await call(app, "GET", f"{prefix}/version", JSON)).json == {"version": "1.2.3"}
    config = await call(app, "GET", f"{prefix}/health/config", JSON)
    assert (config.text, config.header("content-type")) == ("revision-7", "text/plain")
    metrics = await call(app, "GET", f"{prefix}/metrics/prometheus", JSON)
    assert "doorward_http_requests_total" in metrics.text
    assert metrics.header("content-type").startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (
            "/self-service/registration/browser?return_to=http://x/",
            "/self-service/registration/browser?return_to=http://x/",
        ),
        ("/admin/self-service/login/api", "/self-service/login/api"),
        ("/sessions/whoami", "/sessions/whoami"),
        ("/schemas/person", "/schemas/person"),
    ],
)
async def test_public_paths_on_the_admin_port(path: str, location: str) -> None:
    for method in ("GET", "POST"):
        answer = await call(admin_port(), method, path, JSON)
        assert (answer.status, answer.header("location")) == (307, f"http://p{location}")


async def test_every_public_route_is_described(port: PublicPort, client: Client) -> None:
    document = (await client.get("/openapi.json")).json
    routed = {route.path for route in port.routes if route.include_in_schema}
    assert set(document["paths"]) == routed
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    for each in operations:
        assert each["summary"].endswith((".", "?"))
        assert each["responses"]
    whoami = document["paths"]["/sessions/whoami"]["get"]
    assert {each["in"] for each in whoami["parameters"]} == {"header", "query"}
    by_id = document["paths"]["/schemas/{id}"]["get"]
    assert by_id["parameters"][0] == {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def test_a_document_of_nothing_is_still_one() -> None:
    document = openapi_document("Nothing", "0", "http://x/", [])
    assert (document["openapi"], document["paths"]) == ("3.1.0", {})
