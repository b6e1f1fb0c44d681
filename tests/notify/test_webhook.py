"""The webhook: JSON that says all, signed so that a receiver can check it with a few lines."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta, timezone

import pytest

from gatepost.engine.report import error_document, time_text
from gatepost.errors import GatepostError, HostRefused
from gatepost.model.event import EventKind
from gatepost.model.record import Failure
from rigs.channels import webhook
from rigs.notifiers import AT, event, held, hostile, many, message

pytestmark = pytest.mark.anyio


def is_ours(secret: bytes, timestamp: str, body: bytes, signature: str) -> bool:
    """As docs/notify.md shows it."""
    told = hmac.new(secret, timestamp.encode() + b"." + body, "sha256").hexdigest()
    return hmac.compare_digest(f"v1={told}", signature)


async def test_signed(tmp_path):
    """The signature is over the very bytes that came, with the time; a changed byte or time fails."""
    async with webhook.rig(tmp_path, "json") as rig:
        await rig.send(message(hostile()))
        ((path, headers, body),) = rig.receiver.requests
    stamp, signature = headers["x-gatepost-timestamp"], headers["x-gatepost-signature"]
    assert path == webhook.PATH
    assert is_ours(webhook.SIGNING.encode(), stamp, body, signature)
    assert not is_ours(webhook.SIGNING.encode(), stamp, body + b" ", signature)
    assert not is_ours(webhook.SIGNING.encode(), str(int(stamp) + 1), body, signature)
    assert headers["x-gatepost-id"] == json.loads(body)["id"]


async def test_members(tmp_path):
    """A document holds all there is of an event, values up to 500 a side, and how many there are."""
    async with webhook.rig(tmp_path, "json") as rig:
        await rig.send(message(held(added=many(500, 11)), left_out=2))
        (document,) = rig.arrived()
    (event,) = document["events"]
    assert document["left_out"] == 2
    assert (event["event"], event["about"], event["name"]) == ("held", "source", "webhooks/events")
    assert len(event["added"]["values"]) == event["added"]["total"] == 500
    assert event["reasons"][0]["guard"] == "shrink"
    assert event["at"] == "2026-01-05T08:00:00Z"


async def test_an_error_is_the_contracts(tmp_path):
    """An error and a moment look as they do in the documents of the command line."""
    west = AT.astimezone(timezone(timedelta(hours=-8)))
    failure = Failure(
        "NotJson", "no", transient=True, hint="see", code=7, links=("https://a.b/",), log_id="1"
    )
    async with webhook.rig(tmp_path, "json") as rig:
        await rig.send(message(event(EventKind.FAILED, failure=failure, at=west)))
        (document,) = rig.arrived()
    (told,) = document["events"]
    assert (told["error"], told["at"]) == (error_document(failure), time_text(west))


@pytest.mark.parametrize(
    ("status", "headers", "kind", "transient"),
    [
        (401, {}, "CredentialsRejected", False),
        (403, {}, "CredentialsRejected", False),
        (400, {}, "RequestRejected", False),
        (404, {}, "RequestRejected", False),
        (302, {"location": "https://evil.example/"}, "RedirectRefused", False),
        (408, {}, "PlatformBusy", True),
        (429, {"retry-after": "7"}, "RateLimited", True),
        (500, {}, "PlatformBusy", True),
        (503, {"retry-after": "30"}, "PlatformBusy", True),
    ],
)
async def test_refusals(tmp_path, status, headers, kind, transient):
    """What a receiver answers decides what is done; no part of the address's path is in the error."""
    async with webhook.rig(tmp_path, "json") as rig:
        rig.receiver.status, rig.receiver.headers = status, headers
        with pytest.raises(GatepostError) as caught:
            await rig.send(message())
    error = caught.value
    assert (error.kind, error.transient) == (kind, transient)
    assert error.retry_after == (float(headers["retry-after"]) if "retry-after" in headers else None)
    assert "canary" not in f"{error!r}{vars(error)}"


@pytest.mark.parametrize("url", ["http://8.8.8.8/canary", "https://u:canary@127.0.0.1/", "ftp://h/canary"])
async def test_only_https(tmp_path, url):
    """An address without TLS, or with a login in it, gets nothing and is not repeated."""
    async with webhook.rig(tmp_path, "json") as rig:
        (tmp_path / "url").write_text(url)
        with pytest.raises(HostRefused) as caught:
            await rig.send(message())
    assert "canary" not in f"{caught.value!r}{vars(caught.value)}"


@pytest.mark.parametrize("url", ["canary", "https://", "https://[canary"])
async def test_no_address(tmp_path, url):
    """What is no address is the configuration's fault, and is not repeated."""
    async with webhook.rig(tmp_path, "json") as rig:
        (tmp_path / "url").write_text(url)
        with pytest.raises(GatepostError) as caught:
            await rig.send(message())
    assert caught.value.kind == "ConfigInvalid"
    assert "canary" not in f"{caught.value!r}{vars(caught.value)}"


async def test_the_same_message_has_the_same_id(tmp_path):
    """A message that is sent again keeps its id; another one has another."""
    async with webhook.rig(tmp_path, "json") as rig:
        for one in (held(), held(), held(mark="other")):
            await rig.send(message(one))
        first, again, other = (document["id"] for document in rig.arrived())
    assert first == again != other
    assert len(first) == 32 == len(hashlib.sha256().hexdigest()) // 2
