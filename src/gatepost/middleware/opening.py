"""The front door: one call, from where a list is kept to a gate that keeps it current."""

from __future__ import annotations

import difflib
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TypedDict, Unpack

from gatepost.errors import ConfigInvalid, cut
from gatepost.gate.gate import Gate, Policy
from gatepost.gate.paths import Paths
from gatepost.gate.trust import Header, Trust
from gatepost.gate.verdict import Check, Unlisted
from gatepost.kit.clock import Clock, SystemClock
from gatepost.kit.secret import resolve
from gatepost.middleware.feed import FeedOrigin
from gatepost.middleware.file import FileOrigin
from gatepost.middleware.following import Follower, Status
from gatepost.middleware.history import StoreOrigin
from gatepost.middleware.origin import Origin

STALE_AFTER = 86_400.0

_log = logging.getLogger("gatepost.gate")


class Options(TypedDict, total=False):
    """What :func:`open_gate` takes; all may be left out."""

    guard: Iterable[str]
    """Paths to guard, by how they begin; ``["/"]``, all, by default."""
    trusted_proxies: Iterable[str]
    """Addresses and networks of the proxies in front; none by default, and then no header is read."""
    header: Header | str
    """The one header that they write: ``x-forwarded-for`` (default) or ``forwarded``."""
    trust_unix_socket: bool
    """Whether who connects through a Unix socket is such a proxy; False by default."""
    check: Check
    """A signature to demand beside the address, such as ``gatepost.callbacks.feishu.Feishu(…)``."""
    on_unlisted: Callable[[Unlisted], None]
    """Told once for each unlisted address that signs rightly; by default it is logged."""
    name: str
    """Of the list; by default as the list or its file is called."""
    every: float
    """Seconds between two looks: 2 for a file, 5 for a store, 60 for a feed by default."""
    stale_after: float
    """Seconds without a look that succeeded until the gate calls itself stale; a day by default."""
    token: str
    """This consumer's token for a feed, by reference: ``env:NAME``, ``file:PATH`` or ``keyring:…``."""
    ca_file: str | Path
    """A further certificate authority for a feed."""
    status: int
    """Of a refusal: 403 by default."""
    retry_after: int
    """Seconds told while no list is loaded: 30 by default."""
    max_body: int
    """Bytes of a body that is read for its signature: 1 MiB by default."""
    self_test: str
    """A path that answers what the gate sees of the request; switch it off again."""


class FollowingGate(Gate):
    """A gate that looks after its own list."""

    follower: Follower

    def status(self) -> Status:
        """How its list stands."""
        return self.follower.status()

    def close(self) -> None:
        """Look no further; what is in force stays so."""
        self.follower.stop()


def open_gate(place: str | Path, *, clock: Clock | None = None, **options: Unpack[Options]) -> FollowingGate:
    """A gate for the list at ``place``, closed until it is loaded.

    ``place``: a file (``txt`` or ``json``), a feed's URL, or a store's URL with ``#LIST``.
    Raises ConfigInvalid and SecretUnavailable for what can never work, and
    nothing else: a list that cannot be read yet is waited for.
    """
    _refuse_unknown(options)
    gate = FollowingGate(
        _policy(options),
        check=options.get("check"),
        now=time.time,
        on_unlisted=options.get("on_unlisted", log_unlisted),
    )
    stale_after = timedelta(seconds=_positive(options, "stale_after", STALE_AFTER) or STALE_AFTER)
    every = _positive(options, "every", None)
    origin = _origin(str(place), options)
    gate.follower = Follower(gate, origin, clock or SystemClock(), every=every, stale_after=stale_after)
    if gate.ip_only:
        _log.warning("ip_only=true: the address alone opens %s; add a check of the signature", origin.place)
    gate.follower.start()
    return gate


def log_unlisted(event: Unlisted) -> None:
    """Log it, with the line that pins the address."""
    _log.warning(
        "unlisted address %s signs rightly as %s; to let it in: %s",
        event.client,
        event.platform,
        event.command,
    )


def _policy(options: Options) -> Policy:
    trust = Trust(
        options.get("trusted_proxies", ()),
        header=options.get("header", Header.X_FORWARDED_FOR),
        unix_socket=options.get("trust_unix_socket", False),
    )
    default = Policy()
    return Policy(
        trust=trust,
        paths=Paths(options.get("guard", ("/",))),
        status=options.get("status", default.status),
        retry_after=options.get("retry_after", default.retry_after),
        max_body=options.get("max_body", default.max_body),
        self_test=options.get("self_test"),
    )


def _origin(place: str, options: Options) -> Origin:
    name = options.get("name")
    if place.startswith(("https://", "http://")):
        token = options.get("token")
        ca_file = options.get("ca_file")
        return FeedOrigin(
            place,
            name,
            token=None if token is None else resolve(token),
            ca_file=None if ca_file is None else Path(ca_file),
        )
    if "token" in options or "ca_file" in options:
        msg = "token and ca_file are for a feed's URL"
        raise ConfigInvalid(msg)
    if place.startswith(("sqlite:", "postgresql:", "postgresql+")):
        return StoreOrigin(place)
    return FileOrigin(Path(place), name)


def _positive(options: Options, key: str, default: float | None) -> float | None:
    value = options.get(key, default)
    if value is not None and not (isinstance(value, int | float) and value > 0):
        msg = f"{key} is a number of seconds above 0"
        raise ConfigInvalid(msg)
    return value


def _refuse_unknown(options: Options) -> None:
    """A misspelt option must not leave a gate without what it says."""
    for key in options:
        if key not in Options.__annotations__:
            near = difflib.get_close_matches(key, Options.__annotations__, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "see docs/gate.md"
            msg = f"a gate has no option {cut(key, 60)!r}; {hint}"
            raise ConfigInvalid(msg)
