"""Errors as answers: the contract's error object in a problem document (RFC 9457), never a traceback."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from gatepost.engine.report import error_document
from gatepost.errors import (
    ConfigError,
    GatepostError,
    HostExhausted,
    StoreUnavailable,
    Unexpected,
    UsageError,
)
from gatepost.refusals import (
    LoginRequired,
    LoginUnproven,
    MethodRefused,
    NothingThere,
    NothingYet,
    ProviderFailed,
    RequestForged,
    RequestInvalid,
    RequestTooLarge,
    RoleMissing,
    TooManyAtOnce,
    TooManyLogins,
)

MEDIA = "application/problem+json"

STATUS: Mapping[type[GatepostError], int] = {
    RequestInvalid: 400,
    LoginRequired: 401,
    RoleMissing: 403,
    RequestForged: 403,
    LoginUnproven: 403,
    NothingThere: 404,
    MethodRefused: 405,
    UsageError: 409,
    RequestTooLarge: 413,
    TooManyLogins: 429,
    TooManyAtOnce: 503,
    ProviderFailed: 502,
    NothingYet: 503,
    ConfigError: 500,
    StoreUnavailable: 503,
    HostExhausted: 503,
}
"""By class, leaves before their parents; what is not named is 500."""


def status_of(error: GatepostError) -> int:
    """The answer's status."""
    return next((STATUS[one] for one in type(error).__mro__ if one in STATUS), 500)


def problem(error: GatepostError) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Status, body and headers of an error."""
    status = status_of(error)
    document = {
        "type": f"urn:gatepost:error:{error.kind}",
        "title": error.kind,
        "status": status,
        "detail": error.message,
        "error": error_document(error),
    }
    headers = [("content-type", MEDIA)]
    if error.retry_after is not None:
        headers.append(("retry-after", str(int(error.retry_after))))
    if isinstance(error, LoginRequired):
        headers.append(("www-authenticate", 'Bearer realm="gatepost"'))
    return status, msgspec.json.encode(document), headers


def surprise(error: Exception) -> GatepostError:
    """What nobody foresaw, told by its name alone: the rest may quote what it should not."""
    if isinstance(error, OSError | MemoryError):
        return HostExhausted(f"the system could not go on ({type(error).__name__})")
    return Unexpected(f"the server met something it was not made for ({type(error).__name__})")
