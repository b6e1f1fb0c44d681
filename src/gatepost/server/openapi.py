"""The description of the API (OpenAPI 3.1), made from the route table and its types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from gatepost import __version__
from gatepost.errors import GatepostError, StoreUnavailable
from gatepost.refusals import LoginRequired, RequestForged, RequestInvalid, RequestTooLarge, RoleMissing
from gatepost.server import answers
from gatepost.server.problems import MEDIA, STATUS
from gatepost.server.route import Nothing, Route

JSON = dict[str, Any]

_REFERENCE = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{([a-z]+)\}")
_FORM = "application/x-www-form-urlencoded"
_EVERY: tuple[type[GatepostError], ...] = (RequestInvalid, RequestForged, RequestTooLarge, StoreUnavailable)


def description(routes: Sequence[Route]) -> bytes:
    """The whole document."""
    types = _types(routes)
    _, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    paths: dict[str, JSON] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "gatepost", "version": __version__},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }
    return msgspec.json.encode(document)


_SCHEMES: Mapping[str, JSON] = {
    "token": {"type": "http", "scheme": "bearer", "description": "The token of a user."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "gatepost",
        "description": "As POST /login sets it.",
    },
}


def _types(routes: Sequence[Route]) -> list[type[Struct]]:
    found: dict[type[Struct], None] = {answers.Problem: None}
    for route in routes:
        for one in (route.answer, route.body, route.asks):
            if isinstance(one, type):
                found[one] = None
    return list(found)


def _operation(route: Route) -> JSON:
    told: JSON = {
        "summary": route.summary,
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-z]+', '_', route.path).rstrip('_')}",
        "parameters": _parameters(route),
        "responses": _responses(route),
        "security": [] if route.role is None else [{"token": []}, {"session": []}],
    }
    if route.role is not None:
        told["description"] = f"Where a login is configured: role {route.role.value} or more."
    if route.body is not None:
        schema = _reference(route.body)
        told["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media in ("application/json", _FORM)},
        }
    return told


def _reference(type_: type[Struct]) -> JSON:
    return {"$ref": _REFERENCE.format(name=type_.__name__)}


def _parameters(route: Route) -> list[JSON]:
    if route.asks is Nothing:
        return []
    (schema,), components = msgspec.json.schema_components([route.asks], ref_template=_REFERENCE)
    del schema
    members = components[route.asks.__name__]
    in_path = set(_PARAMETER.findall(route.path))
    return [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in members.get("required", ()),
            "schema": {key: value for key, value in one.items() if key != "description"},
            "description": one.get("description", ""),
        }
        for name, one in members["properties"].items()
    ]


def _responses(route: Route) -> JSON:
    media = "application/json" if isinstance(route.answer, type) else route.answer.partition(";")[0]
    schema = _reference(route.answer) if isinstance(route.answer, type) else {}
    content = {"content": {media: {"schema": schema}}}
    found: JSON = {"200": {"description": "Done", **content}}
    for extra, text in route.statuses.items():
        body = content if extra >= 400 else {}  # noqa: PLR2004 - a redirect has no body
        found[str(extra)] = {"description": text, **body}
    refusals = [*_EVERY, *route.refusals, *(() if route.role is None else (LoginRequired, RoleMissing))]
    for refusal in refusals:
        status = str(next(STATUS[one] for one in refusal.__mro__ if one in STATUS))
        known = found.get(status, {}).get("content", {})
        words = (refusal.__doc__ or "").partition("\n")[0]
        before = found.get(status, {}).get("description")
        found[status] = {
            "description": f"{before} / {words}" if before else words,
            "content": {**known, MEDIA: {"schema": _reference(answers.Problem)}},
        }
    return found
