"""What a gate answers itself: a refusal, closed, and what it sees of a request that tests it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.errors import cut
from gatepost.gate.client_address import Doubt
from gatepost.gate.gate import Gate, Standing
from gatepost.gate.verdict import Refusal, Verdict

SHOWN_MAX = 400
"""Characters of a header that the self-test repeats."""

_CLOSED = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """A short plain text. It says nothing about the list."""

    status: int
    body: bytes
    retry_after: int | None = None

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case."""
        fixed = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(self.body))),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ]
        return fixed if self.retry_after is None else [*fixed, ("retry-after", str(self.retry_after))]


def refusal(standing: Standing, why: Refusal | Doubt | None) -> Answer:
    """For a request that is not let in."""
    policy = standing.policy
    if why is Refusal.NOT_LOADED:
        return Answer(_CLOSED, b"The list of allowed addresses is not loaded yet.\n", policy.retry_after)
    return Answer(policy.status, b"This address is not allowed here.\n")


def self_test(
    gate: Gate, standing: Standing, peer: str | None, port: int | None, lines: Sequence[str]
) -> Answer:
    """What the gate makes of the request that asks."""
    verdict = standing.judge(peer, port, lines)
    trust = standing.policy.trust
    told = {
        "peer": f"{peer or 'none'} port {port}",
        "trusted proxies": ", ".join(map(str, trust.proxies)) or "none: no header is read",
        f"header {trust.header}": " | ".join(lines) or "none",
        "client": verdict.client or f"in doubt: {verdict.refusal}",
        "allowed": _why(verdict),
        "list": _edition(verdict),
        "address alone opens": "yes: add a check of the signature" if gate.ip_only else "no",
    }
    return Answer(200, "".join(f"{name}: {cut(value, SHOWN_MAX)}\n" for name, value in told.items()).encode())


def _why(verdict: Verdict) -> str:
    if verdict.match is None:
        return f"no: {verdict.refusal}"
    source = f" of {verdict.match.source}" if verdict.match.source else ""
    return f"yes, by {verdict.match.value}{source}"


def _edition(verdict: Verdict) -> str:
    if verdict.edition is None:
        return "not loaded"
    serial = verdict.edition.serial
    return verdict.edition.list if serial is None else f"{verdict.edition.list}, serial {serial}"
