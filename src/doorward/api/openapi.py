"""The OpenAPI 3.1 document of a port, made from its routes: what is not routed cannot be described, and vice versa."""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.routing import Route

from doorward.web.operation import Operation, operation_of

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
UNTOLD = Operation("self-service", {200: "See the description."})
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "status", "message"],
            "properties": {
                "id": {"type": "string", "description": "Stable; also in the header Ory-Error-Id."},
                "code": {"type": "integer"},
                "status": {"type": "string"},
                "message": {"type": "string"},
                "reason": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
}


def openapi_document(title: str, version: str, server: str, routes: Iterable[Route]) -> dict[str, Any]:
    """One document; routes that are marked as not `include_in_schema` are left out."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.include_in_schema:
            paths.setdefault(PARAMETER.sub(r"{\1}", route.path), {}).update(_operations(route))
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": {"Error": ERROR}},
    }


def _operations(route: Route) -> dict[str, Any]:
    described = operation_of(route.endpoint) or UNTOLD
    methods = route.methods or {"GET"}
    # An endpoint for every method is described once, by the one that people use.
    shown = {"GET"} if "GET" in methods and "POST" in methods and "TRACE" in methods else methods - {"HEAD"}
    return {method.lower(): _operation(route, method, described) for method in sorted(shown)}


def _operation(route: Route, method: str, described: Operation) -> dict[str, Any]:
    summary, _, description = inspect.cleandoc(route.endpoint.__doc__ or "").partition("\n\n")
    body: dict[str, Any] = {
        "operationId": _operation_id(method, route.path),
        "tags": [described.tag],
        "summary": " ".join(summary.split()),
        "responses": {str(status): _answer(status, text, described) for status, text in described.answers.items()},
    }
    if description:
        body["description"] = description
    if parameters := [*_path_parameters(route), *_parameters("query", described.query)]:
        body["parameters"] = parameters
    if described.headers:
        body.setdefault("parameters", []).extend(_parameters("header", described.headers))
    if described.body and method != "GET":
        content = {"schema": {"type": "object", "description": described.body}}
        types = ("application/json", "application/x-www-form-urlencoded")
        body["requestBody"] = {"required": True, "content": dict.fromkeys(types, content)}
    return body


def _operation_id(method: str, path: str) -> str:
    """Unique, as one endpoint may serve several paths: `get_self_service_login_flows`, `get_sessions_by_id`."""
    words = PARAMETER.sub(r"by_\1", path).strip("/")
    return f"{method.lower()}_{re.sub(r'[^A-Za-z0-9]+', '_', words)}"


def _answer(status: int, text: str, described: Operation) -> dict[str, Any]:
    if status in (204, 302, 303, 307):
        return {"description": text}
    if status >= 400:
        return {
            "description": text,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    return {"description": text, "content": {described.produces: {"schema": {}}}}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in PARAMETER.findall(route.path)
    ]


def _parameters(place: str, told: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": place, "description": text, "schema": {"type": "string"}} for name, text in told.items()
    ]
