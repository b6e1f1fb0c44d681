"""Why an address or domain is allowed or not: ``explain VALUE --json`` over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from gatepost.engine.explaining_values import explain_value, value_document
from gatepost.errors import UsageError
from gatepost.refusals import NothingThere
from gatepost.server.answers import CheckEntry, Digest, Moment, Reason
from gatepost.server.api import VALUE_MOST, Name, value_of
from gatepost.server.desk import Desk
from gatepost.server.route import Asked


class ExplainParams(Struct, forbid_unknown_fields=True):
    """What is asked about."""

    value: Annotated[
        str, Meta(min_length=1, max_length=VALUE_MOST, description="An address, network or domain.")
    ]
    list: tuple[Name, ...] = ()


class Stay(Struct):
    """An entry that covers the value, and how long it will."""

    value: str
    source: str
    state: str
    absent: int
    gone_at: Moment | None
    kept_until: Moment | None
    why: str | None
    until: Moment | None


class HeldAbout(Struct):
    """A held answer that would bring the value, or take it."""

    digest: Digest
    source: str
    effect: str
    reasons: tuple[Reason, ...]


class Left(Struct):
    """The entry that covered the value last."""

    value: str
    source: str
    state: str
    at: Moment


class Exclusion(Struct):
    """An exclusion of today's configuration."""

    value: str
    why: str
    until: Moment | None


class ExplainedList(Struct):
    """One list's word on the value, and why."""

    list: str
    direction: str | None
    serial: int | None
    allowed: bool
    entries: tuple[CheckEntry, ...]
    paragraph: str
    stays: tuple[Stay, ...]
    held: tuple[HeldAbout, ...]
    left: Left | None
    excluded_by: tuple[Exclusion, ...]


class Explained(Struct):
    """Whether a value is allowed, and why: ``explain VALUE --json``."""

    value: str
    at: Moment
    allowed: bool
    paragraph: str
    lists: tuple[ExplainedList, ...]


def explained(desk: Desk, asked: Asked) -> dict[str, Any]:
    """From the history alone."""
    params: ExplainParams = asked.params
    value = value_of(params.value)
    try:
        return value_document(explain_value(desk.site, value, params.list))
    except UsageError as error:
        raise NothingThere(error.message) from None
