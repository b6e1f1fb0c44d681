"""What a request says, made into a row's own types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from gatepost.errors import cut
from gatepost.refusals import RequestInvalid

S = TypeVar("S", bound=Struct)


def converted(members: Mapping[str, Any], type_: type[S]) -> S:
    """Of texts, or of JSON. A number is its digits alone: no `1e3`, no `1.0`. Raises RequestInvalid."""
    try:
        found = msgspec.convert(members, type_, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise RequestInvalid(cut(str(error))) from None
    for one in fields(type_):
        value = getattr(found, one.name)
        if type(value) is int and str(value) != str(members.get(one.encode_name, value)):
            msg = f"{one.encode_name} is a whole number, in digits alone"
            raise RequestInvalid(msg)
    return found
