"""The description of the API (OpenAPI 3.1), made from the route table and its types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatepost import __version__
from gatepost.errors import GatepostError, StoreUnavailable
from gatepost.refusals import LoginRequired, RequestForged, RequestInvalid, RequestTooLarge, RoleMissing
from gatepost.server import answers
from gatepost.server.openapi_parts import (
    JSON,
    REFERENCE,
    SchemaOf,
    add_refusals,
    operation_id,
    parameters,
)
from gatepost.server.openapi_raw import documents, operations
from gatepost.server.raw_route import RawRoute
from gatepost.server.route import Route

_PARAMETER = re.compile(r"\{([a-z]+)\}")
_FORM = "application/x-www-form-urlencoded"
_EVERY: tuple[type[GatepostError], ...] = (RequestInvalid, RequestForged, RequestTooLarge, StoreUnavailable)


def description(routes: Sequence[Route], raw: Sequence[RawRoute]) -> bytes:
    """The whole document."""
    types = [*_types(routes), *documents(raw)]
    made, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    schemas = dict(zip(types, made, strict=True))
    paths: dict[str, JSON] = {one.path: operations(one, schemas.__getitem__) for one in raw}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas.__getitem__)
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
    "consumer": {
        "type": "http",
        "scheme": "basic",
        "description": "The token of a consumer as password, where consumers are configured; any name.",
    },
    "consumerToken": {"type": "http", "scheme": "bearer", "description": "The token of a consumer."},
}


def _types(routes: Sequence[Route]) -> list[Any]:
    found: dict[Any, None] = {answers.Problem: None}
    for route in routes:
        for one in (route.answer, route.body, route.asks):
            if isinstance(one, type):
                found[one] = None
    return list(found)


def _operation(route: Route, schema_of: SchemaOf) -> JSON:
    in_path = set(_PARAMETER.findall(route.path))
    told: JSON = {
        "summary": route.summary,
        "operationId": operation_id(route.method, route.path),
        "parameters": parameters(route.asks, lambda name: "path" if name in in_path else "query"),
        "responses": _responses(route, schema_of),
        "security": [] if route.role is None else [{"token": []}, {"session": []}],
    }
    if route.role is not None:
        told["description"] = f"Where a login is configured: role {route.role.value} or more."
    if route.body is not None:
        schema = schema_of(route.body)
        told["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media in ("application/json", _FORM)},
        }
    return told


def _responses(route: Route, schema_of: SchemaOf) -> JSON:
    media = "application/json" if isinstance(route.answer, type) else route.answer.partition(";")[0]
    schema = schema_of(route.answer) if isinstance(route.answer, type) else {}
    content = {"content": {media: {"schema": schema}}}
    found: JSON = {"200": {"description": "Done", **content}}
    for extra, text in route.statuses.items():
        body = content if extra >= 400 else {}  # noqa: PLR2004 - a redirect has no body
        found[str(extra)] = {"description": text, **body}
    role = () if route.role is None else (LoginRequired, RoleMissing)
    add_refusals(found, (*_EVERY, *route.refusals, *role), schema_of)
    return found
