"""The body of a request: whole, within its bounds, or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio

from gatepost.refusals import RequestInvalid, RequestTooLarge
from gatepost.server.limits import BODY_MOST, BODY_WITHIN


async def whole_body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes:
    """Raises RequestTooLarge, and RequestInvalid where it breaks off: half a form may be a whole one."""
    data, more = b"", True
    with anyio.move_on_after(BODY_WITHIN) as scope:
        while more and len(data) <= BODY_MOST:
            message = await receive()
            if message["type"] != "http.request":
                msg = "the body broke off"
                raise RequestInvalid(msg)
            data += message.get("body", b"")
            more = bool(message.get("more_body"))
    if scope.cancelled_caught or len(data) > BODY_MOST:
        msg = f"a body has at most {BODY_MOST} bytes and {BODY_WITHIN:.0f} seconds to come"
        raise RequestTooLarge(msg)
    return data
