"""What Feishu wraps every answer in: ``code``, ``msg``, ``data``, and the error object of a refusal.

Documentation and live service name parts of the error object differently
(``logid``/``log_id``, ``scope``/``subject``); both are read. Details that are
not as documented never hide the code they came with.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec

from gatepost.errors import (
    NotJson,
    PlatformBusy,
    PlatformError,
    RateLimited,
    RequestRejected,
    SchemaMismatch,
    cut,
)
from gatepost.kit.reply import Reply, decode
from gatepost.platforms.base import Code, CodeClass, CodeTable, error_for, seconds

T = TypeVar("T")

_LINK = re.compile(r"https://[^\s\"'<>\\]{1,500}")
_AFTER_LINK = ".,)\uff09\u3002\uff0c"
_ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])", re.ASCII)
_PART_MAX = 120
_NOT_FOUND, _TOO_MANY, _BUSY = 404, 429, 500


class FieldViolation(msgspec.Struct, frozen=True):
    """A parameter that did not pass."""

    field: str = ""
    value: Any = None
    description: str = ""


class PermissionViolation(msgspec.Struct, frozen=True):
    """A scope the app lacks."""

    type: str = ""
    subject: str = ""
    scope: str = ""
    url: str = ""
    description: str = ""


class Help(msgspec.Struct, frozen=True):
    """A page that leads on."""

    url: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The whole error object of an answer, foreign text and all."""

    code: int
    msg: str
    message: str = ""
    log_id: str | None = None
    troubleshooter: str = ""
    field_violations: tuple[FieldViolation, ...] = ()
    permission_violations: tuple[PermissionViolation, ...] = ()
    helps: tuple[Help, ...] = ()

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes the app lacks."""
        named = (violation.subject or violation.scope for violation in self.permission_violations)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def links(self) -> tuple[str, ...]:
        """Every https link in it, those for this very app first."""
        texts = [
            *(one.url for one in self.helps),
            *(one.url for one in self.permission_violations),
            self.troubleshooter,
            self.message,
        ]
        return tuple(
            dict.fromkeys(link.rstrip(_AFTER_LINK) for text in texts for link in _LINK.findall(text))
        )

    @property
    def said(self) -> str:
        """What it says, in one line."""
        fields = ", ".join(f"{one.field}: {one.description}" for one in self.field_violations)
        parts = (("", self.msg), ("scopes ", ", ".join(self.scopes)), ("fields ", fields))
        return "; ".join(name + cut(text, _PART_MAX) for name, text in parts if text)

    @property
    def address(self) -> str | None:
        """Our egress address, where the platform names it in its message."""
        for text in _ADDRESS.findall(self.msg):
            try:
                return str(ipaddress.IPv4Address(text))
            except ValueError:
                continue
        return None


class _Head(msgspec.Struct):
    """The part that decides. Old webhook bodies know ``StatusCode`` alone."""

    code: int | None = None
    status_code: int | None = msgspec.field(default=None, name="StatusCode")
    msg: Any = ""
    error: Any = None


class _Details(msgspec.Struct):
    message: Any = ""
    logid: Any = None
    log_id: Any = None
    troubleshooter: Any = ""
    field_violations: Any = ()
    permission_violations: Any = ()
    helps: Any = ()


def read_refusal(reply: Reply) -> Refusal | None:
    """The refusal of an answer, None where its code is 0. HTTP status and wording decide nothing.

    Raises PlatformError leaves for what a gateway answers instead of JSON,
    NotJson and SchemaMismatch for what is no answer of the platform.
    """
    try:
        head = decode(reply, _Head)
    except NotJson as error:
        raise (_gateway_error(reply) or error) from None
    code = head.status_code if head.code is None else head.code
    if code is None:
        msg = f"the answer of {reply.url} has no code"
        raise SchemaMismatch(msg)
    return _refusal(code, head, reply) if code else None


def to_error(refusal: Refusal, reply: Reply, codes: CodeTable, console: str) -> PlatformError:
    """The error a refusal ends in; ``console`` is the app's page for security settings."""
    row = codes.find(refusal.code, reply.status)
    links = refusal.links
    if row.klass is CodeClass.NETWORK:
        row, links = _name_address(row, refusal), (console, *links)
    reset = seconds(reply.headers.get("x-ogw-ratelimit-reset"))
    return error_for(row, reply, refusal.said, links=links, log_id=refusal.log_id, retry_after=reset)


def _name_address(row: Code, refusal: Refusal) -> Code:
    if refusal.address is None:
        return row
    return replace(
        row, advice=row.advice.replace("our egress address", f"our egress address {refusal.address}")
    )


def _gateway_error(reply: Reply) -> PlatformError | None:
    """What stands in front of the API answers in plain text, HTML or nothing."""
    said, log_id = f"{reply.url} answered {reply.status}: {reply.excerpt}", _header_log_id(reply)
    match reply.status:
        case status if status == _NOT_FOUND:
            hint = "There is no such path or method: check base_url, else report it."
            return RequestRejected(said, code=_NOT_FOUND, log_id=log_id, hint=hint)
        case status if status == _TOO_MANY:
            told = reply.headers.get("x-ogw-ratelimit-reset") or reply.headers.get("retry-after")
            return RateLimited(said, code=_TOO_MANY, log_id=log_id, retry_after=seconds(told))
        case status if status >= _BUSY:
            return PlatformBusy(said, code=status, log_id=log_id)
    return None


def _refusal(code: int, head: _Head, reply: Reply) -> Refusal:
    details = _as(head.error, _Details) or _Details()
    log_id = _text(details.log_id) or _text(details.logid) or _header_log_id(reply)
    return Refusal(
        code=code,
        msg=_text(head.msg),
        message=_text(details.message),
        log_id=log_id or None,
        troubleshooter=_text(details.troubleshooter),
        field_violations=_each(details.field_violations, FieldViolation),
        permission_violations=_each(details.permission_violations, PermissionViolation),
        helps=_each(details.helps, Help),
    )


def _header_log_id(reply: Reply) -> str | None:
    return reply.headers.get("x-tt-logid") or reply.headers.get("x-request-id")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _as(value: Any, type_: type[T]) -> T | None:
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return None


def _each(values: Any, type_: type[T]) -> tuple[T, ...]:
    listed: Iterable[Any] = values if isinstance(values, list) else ()
    return tuple(found for value in listed if (found := _as(value, type_)) is not None)
