"""JSON decoded strictly: what two readers could understand differently is refused.

Strict UTF-8 with at most one byte order mark, no duplicate keys, no NaN or
Infinity, no lone surrogates, bounded depth and numbers, documented keys of
the documented types. Keys we do not know are ignored: platforms add them.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn, TypeVar

import msgspec

from gatepost.errors import NotJson, SchemaMismatch, TooLarge, cut

T = TypeVar("T")

DEPTH_MAX = 64
"""Nested arrays and objects; the platforms' deepest answer has six."""
DIGITS_MAX = 20
"""Digits in a row outside strings; the longest integer of 64 bits has 20 characters."""

_BOM = b"\xef\xbb\xbf"
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+\\?(?:"|\Z)|[\[{]|[\]}]|[0-9]++', re.DOTALL)
"""Strings whole (an unclosed one to the end), so that brackets and digits inside them do not count."""


def decode_json(body: bytes, type_: type[T]) -> T:
    """The document as ``type_``.

    Raises NotJson, SchemaMismatch or TooLarge; their messages quote no value of the document.
    """
    body = body.removeprefix(_BOM)
    _bound(body)
    _refuse_ambiguity(body)
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        failure: NotJson | SchemaMismatch = SchemaMismatch(
            f"the answer is not as documented: {cut(str(error))}"
        )
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        failure = NotJson(f"the answer is not JSON: {cut(str(error))}")
    raise failure


def _bound(body: bytes) -> None:
    """Refuse deep nesting and long numbers before any recursive parser sees them."""
    depth = 0
    for token in _TOKENS.finditer(body):
        match body[token.start()]:
            case 0x5B | 0x7B:  # [ {
                depth += 1
            case 0x5D | 0x7D:  # ] }
                depth -= 1
            case 0x22:  # a string
                continue
            case _ if token.end() - token.start() > DIGITS_MAX:
                msg = f"the answer holds a number of more than {DIGITS_MAX} digits"
                raise TooLarge(msg)
        if depth > DEPTH_MAX:
            msg = f"the answer is nested more than {DEPTH_MAX} deep"
            raise TooLarge(msg)


def _refuse_ambiguity(body: bytes) -> None:
    """Refuse what the standard library's reader alone can see: duplicate keys, NaN, odd UTF-8."""
    try:
        json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite)
    except UnicodeDecodeError as error:
        failure = NotJson(f"the answer is not UTF-8: byte {error.start} is wrong")
    except json.JSONDecodeError as error:
        failure = NotJson(f"the answer is not JSON: {error.msg} at character {error.pos}")
    else:
        return
    raise failure


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        msg = "the answer holds an object with the same key twice"
        raise NotJson(msg)


def _no_constant(name: str) -> NoReturn:
    msg = f"the answer holds {name}, which is not JSON"
    raise NotJson(msg)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        _no_constant("a number beyond all floats")
    return value
