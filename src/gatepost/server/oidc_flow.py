"""Logins on their way to the provider and back: what a browser must bring again to finish what it began.

Nothing of an unfinished login is kept here, so nobody can fill the memory with
them: it travels sealed in a cookie of the browser that began it. Which ones are
finished is remembered for as long as they would be good.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import threading

import msgspec

from gatepost.kit.clock import Clock
from gatepost.kit.seal import seal, unseal
from gatepost.refusals import RequestForged
from gatepost.server.console_words import _

LASTS = 600.0
"""Seconds that somebody may take at the provider."""
REMEMBERED = 10_000
"""Finished logins; the oldest make room."""

COOKIE = "gatepost-oidc"
COOKIE_TLS = "__Host-gatepost-oidc"
"""Over TLS: no other host of the domain can put this cookie into a browser."""

_HINT = _("Begin again at /login, in one window of one browser, under the server's own address.")


class Flow(msgspec.Struct, frozen=True):
    """One login that was begun."""

    state: str
    nonce: str
    verifier: str
    """Of PKCE (RFC 7636): the code is of no use to whoever has not this."""
    next: str
    """Page of ours to go to."""
    began: float


class Flows:
    """Begins logins, and knows its own again. For any thread."""

    def __init__(self, clock: Clock) -> None:
        """A key of this process: what was begun before it started cannot be finished."""
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._finished: dict[str, float] = {}

    def begin(self, next_: str) -> tuple[Flow, str]:
        """A new one, and what the browser keeps of it."""
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        flow = Flow(state, nonce, verifier, next_, self._clock.monotonic())
        sealed = seal(self._key, msgspec.json.encode(flow))
        return flow, base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def knows(self, kept: str | None) -> bool:
        """Whether a browser brings a login that was begun here, and is not too old."""
        return self._opened(kept) is not None

    def finish(self, kept: str | None, state: str) -> Flow:
        """The one that this browser began and the provider answers; once. Raises RequestForged."""
        flow = self._opened(kept)
        if flow is None:
            msg = _("this browser began no login here within the last ten minutes")
            raise RequestForged(msg, hint=_HINT)
        if not hmac.compare_digest(flow.state.encode(), state.encode("utf-8", "replace")):
            msg = _("the login that comes back is not the one that this browser began")
            raise RequestForged(msg, hint=_HINT)
        self._take(flow)
        return flow

    def _opened(self, kept: str | None) -> Flow | None:
        try:
            sealed = base64.urlsafe_b64decode(f"{kept or ''}===")
        except (binascii.Error, ValueError):
            return None
        plain = unseal(self._key, sealed)
        if plain is None:
            return None
        flow = msgspec.json.decode(plain, type=Flow)
        return flow if self._clock.monotonic() < flow.began + LASTS else None

    def _take(self, flow: Flow) -> None:
        now = self._clock.monotonic()
        with self._lock:
            known = flow.state in self._finished
            live = {state: began for state, began in self._finished.items() if now < began + LASTS}
            self._finished = dict([*live.items(), (flow.state, flow.began)][-REMEMBERED:])
        if known:
            msg = _("this login came back before, and is finished")
            raise RequestForged(msg, hint=_HINT)
