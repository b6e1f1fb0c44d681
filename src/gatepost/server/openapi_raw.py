"""The description of rows that are answered without the router: feeds, and the platforms' hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gatepost.server.openapi_parts import JSON, SchemaOf, add_refusals, operation_id, parameters, status_of
from gatepost.server.raw_route import Answered, HeadField, RawRoute


def documents(routes: Sequence[RawRoute]) -> list[Any]:
    """Types of all that is answered."""
    told = (types for one in routes for answer in one.answers.values() for types in answer.content.values())
    return [*dict.fromkeys(one for types in told for one in types)]


def operations(route: RawRoute, schema_of: SchemaOf) -> dict[str, JSON]:
    """By method. HEAD is answered as GET is, without a body."""
    return {method.lower(): _operation(route, method, schema_of) for method in route.methods}


def _operation(route: RawRoute, method: str, schema_of: SchemaOf) -> JSON:
    told: JSON = {
        "summary": route.summary,
        "description": route.words,
        "operationId": operation_id(method, route.path),
        "parameters": [
            *parameters(route.places, lambda _: "path"),
            *parameters(route.asks, lambda _: "query"),
            *({**_field(one), "name": one.name, "in": "header", "required": False} for one in route.heads),
        ],
        "responses": _responses(route, schema_of, bare=method == "HEAD"),
        "security": [{one: []} for one in route.security],
    }
    if route.bodies and method == "POST":
        told["requestBody"] = {"content": {media: {} for media in route.bodies}}
    return told


def _responses(route: RawRoute, schema_of: SchemaOf, *, bare: bool) -> JSON:
    found: JSON = {str(status): _answer(one, schema_of) for status, one in route.answers.items()}
    add_refusals(found, route.refusals, schema_of)
    for refusal, fields in route.refusal_fields.items():
        found[str(status_of(refusal))]["headers"] = _fields(fields)
    if bare:
        found = {status: {**one, "content": {}} for status, one in found.items()}
    return found


def _answer(one: Answered, schema_of: SchemaOf) -> JSON:
    told: JSON = {"description": one.words, "headers": _fields(one.fields)}
    if one.content:
        told["content"] = {
            media: {"schema": _schema(types, schema_of)} for media, types in one.content.items()
        }
    return told


def _schema(types: Sequence[Any], schema_of: SchemaOf) -> JSON:
    """Of what may be any of these; of text where there are none."""
    match types:
        case []:
            return {"type": "string"}
        case [alone]:
            return schema_of(alone)
    return {"anyOf": [schema_of(one) for one in types]}


def _fields(fields: Iterable[HeadField]) -> Mapping[str, JSON]:
    return {one.name: {**_field(one), "required": one.always} for one in fields}


def _field(one: HeadField) -> JSON:
    return {"description": one.words, "schema": dict(one.schema)}
