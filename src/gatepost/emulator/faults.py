"""Faults on demand: the catalogue, and the rules that say when one strikes.

The catalogue follows the fetch cases A1 to A28 of the safety catalogue; a case that no server can produce is
listed with the reason.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from gatepost.emulator import fault_answers, fault_bodies, fault_pages
from gatepost.emulator.base import Answer, Call, Role
from gatepost.emulator.fault import Fault, Strike
from gatepost.emulator.state import Json

UNSERVED = (
    Fault(
        "A16",
        "proxy-environment",
        "Proxy, CA and netrc settings in the environment.",
        unserved="It is in the client's own environment.",
    ),
    Fault(
        "A17",
        "untrusted-certificate",
        "A certificate that does not verify.",
        unserved="TLS is below the answers: serve with `serving(…, certificate=…)`, which no client trusts.",
    ),
    Fault(
        "A18",
        "configured-base-url",
        "A base URL that points inside.",
        unserved="It is in the client's configuration.",
    ),
    Fault(
        "A19",
        "dns-rebinding",
        "A name that resolves to private space.",
        unserved="The resolver gives it, not the server.",
    ),
    Fault(
        "A21",
        "restart-loop",
        "A client that restarts and asks again and again.",
        unserved="The client does it; the journal counts it.",
    ),
    Fault(
        "A22",
        "refresh-stampede",
        "Many processes refresh one token.",
        unserved="The clients do it; the journal counts it.",
    ),
    Fault(
        "A23",
        "classic-token",
        "A classic WeChat token call invalidates the app's live token.",
        unserved="No fault: /cgi-bin/token always behaves so here, as the real one does.",
    ),
    Fault(
        "A26",
        "clock-jump",
        "The host's clock jumps.",
        unserved="It is the client's clock; the emulator's is stepped at /_emulator/clock.",
    ),
)


def _catalogue() -> dict[str, Fault]:
    faults = (*fault_answers.FAULTS, *fault_bodies.FAULTS, *fault_pages.FAULTS, *UNSERVED)
    return {fault.id: fault for fault in sorted(faults, key=lambda fault: (int(fault.case[1:]), fault.id))}


CATALOGUE: Mapping[str, Fault] = MappingProxyType(_catalogue())
"""Every fault by its id, in the order of the cases."""


def find(key: str) -> Fault | None:
    """A fault by id or by name."""
    return CATALOGUE.get(key) or next((fault for fault in CATALOGUE.values() if fault.name == key), None)


@dataclass(slots=True, kw_only=True)
class Rule:
    """When a fault strikes: calls of a platform, by role or path, from the ``nth`` on, ``count`` times."""

    fault: Fault
    platform: str | None = None
    path: str | None = None
    """Pattern of paths as in fnmatch, or a role (``list``, ``token``, …); None: the fault's own role."""
    nth: int = 1
    count: int | None = None
    settings: dict[str, Json] = field(default_factory=dict)
    number: int = 0
    seen: int = 0
    """Calls that matched."""
    struck: int = 0

    def strikes(self, call: Call, role: Role) -> Strike | None:
        """The strike on this call, if it is to be struck; counts it."""
        if not self._matches(call, role):
            return None
        self.seen += 1
        if self.seen < self.nth or self.struck == self.count:
            return None
        self.struck += 1
        return Strike(call, self.settings, self.struck, dict(call.query))

    def _matches(self, call: Call, role: Role) -> bool:
        if self.platform not in {None, call.platform.name} or (
            self.fault.pages_only and not call.platform.pages
        ):
            return False
        return role == (self.path or self.fault.role) or fnmatch.fnmatch(call.path, self.path or "")

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        members = asdict(self)
        return {**members, "fault": self.fault.id, "name": self.fault.name}


class FaultBook:
    """The rules in force; the first one added that matches strikes."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._number = 0

    def add(self, rule: Rule) -> int:
        """Put a rule in force; its number."""
        self._number += 1
        rule.number = self._number
        self.rules.append(rule)
        return rule.number

    def remove(self, number: int | None = None) -> None:
        """Take one rule away, or all."""
        self.rules = [] if number is None else [rule for rule in self.rules if rule.number != number]

    def strike(self, call: Call, role: Role) -> tuple[Fault, Strike] | None:
        """What strikes this call."""
        for rule in self.rules:
            if strike := rule.strikes(call, role):
                return rule.fault, strike
        return None


def afflicted(fault: Fault, strike: Strike, answer: Answer) -> Answer:
    """The answer after the fault."""
    if fault.after is None or (fault.success_only and answer.code != 0):
        return answer
    return fault.after(strike, answer)
