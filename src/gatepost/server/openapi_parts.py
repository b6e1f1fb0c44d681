"""Parts of the description that every row has: parameters, answers of refusals, the name of an operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import Struct

from gatepost.errors import GatepostError
from gatepost.server import answers
from gatepost.server.problems import MEDIA, STATUS

JSON = dict[str, Any]
SchemaOf = Callable[[Any], JSON]
"""The schema of a type, or a reference to it."""

REFERENCE = "#/components/schemas/{name}"


def operation_id(method: str, path: str) -> str:
    """By which generated clients call it."""
    return f"{method.lower()}{re.sub(r'[^a-z]+', '_', path).rstrip('_')}"


def parameters(type_: type[Struct], where: Callable[[str], str]) -> list[JSON]:
    """Of the members of a type; ``where`` says of each name whether it is in the path or the query."""
    _, components = msgspec.json.schema_components([type_], ref_template=REFERENCE)
    members = components[type_.__name__]
    required = members.get("required", ())
    return [
        {
            "name": name,
            "in": where(name),
            "required": name in required,
            "schema": {key: value for key, value in one.items() if key != "description"},
            "description": one.get("description", ""),
        }
        for name, one in members["properties"].items()
    ]


def add_refusals(found: JSON, refusals: Iterable[type[GatepostError]], schema_of: SchemaOf) -> None:
    """To the answers by status; one that is there for another reason too keeps that."""
    for refusal in refusals:
        status = str(status_of(refusal))
        known = found.get(status, {})
        words = (refusal.__doc__ or "").partition("\n")[0]
        before = known.get("description")
        found[status] = {
            **known,
            "description": f"{before} / {words}" if before else words,
            "content": {**known.get("content", {}), MEDIA: {"schema": schema_of(answers.Problem)}},
        }


def status_of(refusal: type[GatepostError]) -> int:
    """The status of a refusal's answer."""
    return next(STATUS[one] for one in refusal.__mro__ if one in STATUS)
