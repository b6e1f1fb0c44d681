"""Any program of yours: the events as JSON, signed."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from gatepost.errors import (
    ConfigInvalid,
    CredentialsRejected,
    PlatformBusy,
    PlatformError,
    RateLimited,
    RequestRejected,
    cut,
)
from gatepost.kit.reply import Reply
from gatepost.kit.secret import Secret
from gatepost.model.event import Event, Shown
from gatepost.model.moment import time_text
from gatepost.notify import _wording
from gatepost.notify.base import Channel, Message, Rate, Words

if TYPE_CHECKING:  # the HTTP library is loaded only where a channel is opened
    from gatepost.kit.http import Http

SCHEME = "v1"
"""Of the signature: hex of HMAC-SHA256 over ``TIMESTAMP.BODY``."""
_FORBIDDEN, _TOO_MANY, _BUSY = (401, 403, 407), 429, 500
_PASSING = (408, 425)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Where to, and how it is signed."""

    url: Secret
    """`https://…`, http only to loopback; a secret, since its path or query often is one."""
    secret: Secret | None = None
    """Signs each request, so that the receiver knows it is ours."""
    ca_file: Path | None = None
    """PEM file of a further certificate authority, trusted beside the system's."""


class Webhook(Channel):
    """Any program that takes JSON over HTTPS."""

    kind: ClassVar[str] = "webhook"
    rates: ClassVar[tuple[Rate, ...]] = (Rate(10, 1.0), Rate(300, 60.0))
    receiver: ClassVar[tuple[str, ...]] = ("url",)
    reference: ClassVar[str] = "docs/notify.md"
    Options: ClassVar[type] = WebhookOptions
    client: Http

    @classmethod
    def hosts(cls, options: WebhookOptions) -> frozenset[str]:
        """The address's own."""
        return frozenset({_host(options.url)})

    async def send(self, message: Message) -> tuple[str, ...]:
        """Any 2xx is success; the same message has the same ``id`` however often it is sent."""
        sent_at = self.client.clock.now()
        body = document(message) | {"sent_at": time_text(sent_at)}
        stamp = str(int(sent_at.timestamp()))
        headers = {"x-gatepost-id": message.id, "x-gatepost-timestamp": stamp}
        if self.options.secret is not None:
            headers["x-gatepost-signature"] = sign(msgspec.json.encode(body), stamp, self.options.secret)
        reply = await self.client.request("POST", self.options.url, headers=headers, json=body)
        if not 200 <= reply.status < 300:  # noqa: PLR2004 - the class of successes
            raise _refused(reply)
        return ()


def sign(body: bytes, timestamp: str, secret: Secret) -> str:
    """``v1=…``: what ``X-Gatepost-Signature`` holds."""
    key = secret.reveal().encode()
    return f"{SCHEME}={hmac.new(key, timestamp.encode() + b'.' + body, 'sha256').hexdigest()}"


def document(message: Message) -> dict[str, Any]:
    """The message as JSON; members may be added."""
    told = [_headline(one) if message.brief else one for one in message.events]
    events = [event_document(one, message.words) for one in told]
    return {"id": message.id, "left_out": message.left_out, "brief": message.brief, "events": events}


def _headline(event: Event) -> Event:
    """Without all that the receiver may have refused it for."""
    added, removed = event.added.first(0), event.removed.first(0)
    return replace(event, added=added, removed=removed, reasons=(), suspects=(), failure=None)


def event_document(event: Event, words: Words) -> dict[str, Any]:
    """One event."""
    failure = event.failure
    return {
        "id": event.id,
        "event": event.kind.value,
        "over": event.over,
        "about": event.about.value,
        "name": event.name,
        "list": event.list or None,
        "at": time_text(event.at),
        "title": _wording.title(event, words),
        "digest": event.digest or None,
        "may_be_approved": event.may_be_approved,
        "serial": event.serial,
        "previous": event.previous,
        "entries": event.entries,
        "added": _shown(event.added),
        "removed": _shown(event.removed),
        "reasons": [
            {"guard": one.guard, "measured": one.measured, "limit": one.limit, "message": one.message}
            for one in event.reasons
        ],
        "error": None if failure is None else failure.document,
        "suspects": [cut(one) for one in event.suspects],
        "empty": event.empty,
        "wide": event.wide,
    }


def _shown(values: Shown) -> Mapping[str, Any]:
    return {"values": list(values.values), "total": values.total}


def _host(url: Secret) -> str:
    try:
        host = (urlsplit(url.reveal()).hostname or "").lower()
    except ValueError:
        host = ""
    if not host:
        msg = "the webhook's url is not https://host/path"
        raise ConfigInvalid(msg)
    return host


def _refused(reply: Reply) -> PlatformError:
    said = f"{reply.url} answered {reply.status}"
    wait = reply.headers.get("retry-after", "")
    after = float(wait) if wait.isdecimal() else None
    match reply.status:
        case status if status in _FORBIDDEN:
            return CredentialsRejected(said, code=status, hint="Check the notifier's url and secret.")
        case status if status == _TOO_MANY:
            return RateLimited(said, code=status, retry_after=after)
        case status if status >= _BUSY or status in _PASSING:
            return PlatformBusy(said, code=status, retry_after=after)
    return RequestRejected(said, code=reply.status, hint="Check what the receiver expects; docs/notify.md.")
