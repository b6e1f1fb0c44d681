"""A gate: a list and a policy, swapped whole, and a verdict for each request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from gatepost.errors import ConfigInvalid
from gatepost.gate.client_address import Doubt, find_client
from gatepost.gate.counts import Counts
from gatepost.gate.listing import Listing, Match
from gatepost.gate.paths import Paths
from gatepost.gate.settling import Settling
from gatepost.gate.trust import Trust
from gatepost.gate.verdict import Check, Refusal, Unlisted, Verdict, pin_command

MEMO_MAX = 16_384
"""Verdicts remembered of one list; then the memo is emptied."""
MEMO_TEXT_MAX = 256
"""Characters of the header lines remembered with their verdict, and one for each line."""
EXAMINED_MAX = 8
"""Bodies of unlisted callers read at once to look at their signature; more are refused unread."""
REPORTED_MAX = 1_024
"""Addresses whose event was told; then they are told again."""

_make = tuple.__new__
"""Makes a verdict in a third of the time."""

Key = str | bytes | tuple[str | bytes, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How a gate decides; immutable. Raises ConfigInvalid."""

    trust: Trust = field(default_factory=Trust)
    paths: Paths = field(default_factory=Paths)
    status: int = 403
    """Of a refusal."""
    retry_after: int = 30
    """Seconds told while there is no list yet (status 503)."""
    max_body: int = 1 << 20
    """Bytes of a body that is read for its signature."""
    self_test: str | None = None
    """A path that answers what the gate sees of the request: for setting up, then switched off."""

    def __post_init__(self) -> None:
        """Refuse what is no refusal."""
        if self.status not in range(400, 500):
            msg = f"a refusal's status is 400 to 499, not {self.status}"
            raise ConfigInvalid(msg)
        if self.retry_after < 1 or self.max_body < 1:
            msg = "retry_after and max_body are at least 1"
            raise ConfigInvalid(msg)
        if self.self_test is not None and not self.self_test.startswith("/"):
            msg = "self_test is a path such as /gate-self-test"
            raise ConfigInvalid(msg)


def _nothing(text: str) -> Match | None:  # noqa: ARG001 - asked as a listing is
    return None


class Standing:
    """Policy and list of one moment, with the verdicts given under them. Replaced, never changed."""

    __slots__ = (
        "_edition",
        "_find",
        "listing",
        "memo",
        "peer_is_all",
        "policy",
        "reads_header",
        "wanted",
        "wanted_key",
    )

    def __init__(self, policy: Policy, listing: Listing | None, *, checked: bool) -> None:
        self.policy = policy
        self.listing = listing
        self.reads_header = policy.trust.reads_header
        self.peer_is_all = not (self.reads_header or checked or policy.self_test) and policy.paths.all
        """Whether nothing but the connection's other end decides."""
        self.wanted = policy.trust.header.encode()
        """The header's name as ASGI writes it."""
        self.wanted_key = f"HTTP_{policy.trust.header.upper().replace('-', '_')}"
        """And as WSGI does."""
        self.memo: dict[Key, Verdict] = {}
        self._find = listing.find if listing else _nothing
        self._edition = listing.edition if listing else None

    def judge(self, peer: str | None, port: int | None, lines: Sequence[str]) -> Verdict:
        """Without the memo."""
        address, doubt, _ = find_client(self.policy.trust, peer, port, lines)
        if self.listing is None:
            return Verdict(address, None, Refusal.NOT_LOADED, None)
        if address is None:
            return Verdict(None, None, doubt, self._edition)
        match = self._find(address)
        return Verdict(address, match, None if match else Refusal.UNLISTED, self._edition)

    def meet(self, peer: str, port: int | None) -> Verdict:
        """As :meth:`learn` where no header is read; quick for a listed client that never came before."""
        if port != 0 and peer and ":" not in peer:
            match = self._find(peer)  # reads an IPv4 address in its one spelling only
            if match is not None:
                if len(self.memo) >= MEMO_MAX:
                    self.memo.clear()
                verdict = self.memo[peer] = _make(Verdict, (peer, match, None, self._edition))
                return verdict
        return self.learn(peer, peer, port, ())

    def learn(self, key: Key, peer: str | None, port: int | None, lines: Sequence[str]) -> Verdict:
        """Judge, and remember it for a client that comes again. A flood of others costs no memory."""
        verdict = self.judge(peer, port, lines)
        if (
            port == 0
            or verdict.refusal is Doubt.REWRITTEN
            or sum(len(line) + 1 for line in lines) > MEMO_TEXT_MAX
        ):
            return verdict
        if len(self.memo) >= MEMO_MAX:
            self.memo.clear()
        self.memo[key] = verdict
        return verdict


class Gate:
    """Closed until a list is swapped in. Safe to use from several threads.

    Args:
        policy: How it decides.
        check: A signature to demand beside the address; without one an address alone opens.
        now: Seconds since 1970, UTC, for the check.
        on_unlisted: Told once for each unlisted address that signs rightly.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        check: Check | None = None,
        now: Callable[[], float] | None = None,
        on_unlisted: Callable[[Unlisted], None] | None = None,
    ) -> None:
        if check is not None and now is None:
            msg = "a gate with a check needs a clock"
            raise ConfigInvalid(msg)
        self.check = check
        self.standing = self._stand(policy or Policy(), None)
        """What counts now. Read it once a request."""
        self.counts = Counts()
        self.now = now or float  # never asked without a check
        self._on_unlisted = on_unlisted
        self._settling = Settling()
        self._lock = Lock()
        self._examined = 0
        self._reported: set[tuple[str, str]] = set()

    @property
    def ip_only(self) -> bool:
        """Whether the address alone opens: other tenants of the platform may share it."""
        return self.check is None

    def configure(self, policy: Policy) -> None:
        """Another policy from the next request on."""
        with self._lock:
            self.standing = self._stand(policy, self.standing.listing)

    def swap(self, listing: Listing) -> None:
        """Another list from the next request on, whatever it holds."""
        with self._lock:
            self._settle(Settling(listing))

    def offer(self, listing: Listing) -> bool:
        """Another list, unless it lost so much that it must be read again first; whether it is in force."""
        with self._lock:
            self._settle(self._settling.read(listing))
            return self._settling.waiting is None

    @property
    def is_waiting(self) -> bool:
        """Whether a list that lost much waits to be read again."""
        return self._settling.waiting is not None

    def forked(self) -> None:
        """In a new process: whoever held the lock is not here."""
        self._lock = Lock()
        self._examined = 0

    def _settle(self, settling: Settling) -> None:
        self._settling = settling
        if settling.standing is not self.standing.listing:
            self.standing = self._stand(self.standing.policy, settling.standing)

    def _stand(self, policy: Policy, listing: Listing | None) -> Standing:
        return Standing(policy, listing, checked=self.check is not None)

    def may_examine(self) -> bool:
        """Whether one more body of an unlisted caller may be read; then call :meth:`examined`."""
        with self._lock:
            if self._examined >= EXAMINED_MAX:
                return False
            self._examined += 1
            return True

    def examined(self) -> None:
        """One body less is being read."""
        with self._lock:
            self._examined -= 1

    def report_unlisted(self, verdict: Verdict) -> None:
        """Count, and tell once, that an unlisted address signs rightly."""
        self.counts.unlisted_signed += 1
        if self._on_unlisted is None or self.check is None or not (verdict.client and verdict.edition):
            return
        name, platform = verdict.edition.list, self.check.platform
        with self._lock:
            known = (name, verdict.client) in self._reported
            if len(self._reported) >= REPORTED_MAX:
                self._reported.clear()
            self._reported.add((name, verdict.client))
        if not known:
            command = pin_command(name, verdict.client, platform)
            self._on_unlisted(Unlisted(platform, verdict.client, name, command))
