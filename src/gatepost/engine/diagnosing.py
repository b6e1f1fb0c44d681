"""What asking a source showed of the way to its platform: clock, certificates, proxy, our address, quota."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.config.settings import SourceSettings
from gatepost.kit.contact import Contact
from gatepost.kit.reply import SKEW_MAX
from gatepost.model.finding import Finding, Severity

DAY = timedelta(days=1)
ENDS_SOON, ENDS_NOW = timedelta(days=14), timedelta(days=3)
"""How long before their end certificates are told of, and are doubted."""
BUSY = 10_000
"""Requests a day of one account beyond which platforms are known to refuse."""

STEPS = {
    "clock": "Set this host's clock, and keep it by NTP: signatures and tokens depend on it.",
    "certificate": "Tell who runs that host, or the proxy that signs for it: after that day it is refused.",
    "quota": "Raise `every` of the sources that share this account.",
}
"""What to do, by kind."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One source that was asked just now."""

    source: SourceSettings
    requests: int
    contacts: tuple[Contact, ...]


def diagnose(one: Asked, all_: Sequence[Asked], now: datetime) -> tuple[Finding, ...]:
    """Findings on one source; ``all_`` asked together with it share accounts and their quotas."""
    return tuple(_findings(one, all_, now))


def _findings(one: Asked, all_: Sequence[Asked], now: datetime) -> Iterator[Finding]:
    for contact in one.contacts:
        if contact.skew is not None:
            yield _clock(contact, contact.skew)
        if contact.expires is not None:
            yield _certificate(contact, contact.expires, now)
        yield _way(contact)
    if one.source.account is not None:
        yield _quota(one.source.account, (each for each in all_ if each.source.account == one.source.account))


def _clock(contact: Contact, skew: float) -> Finding:
    if abs(skew) <= SKEW_MAX:
        message = f"This host's clock and {contact.host}'s are {abs(skew):.0f} s apart."
        return Finding("clock", Severity.GOOD, message)
    way = "behind" if skew > 0 else "ahead of"
    message = f"This host's clock is {abs(skew):.0f} s {way} that of {contact.host}."
    return Finding("clock", Severity.WRONG, message, STEPS["clock"])


def _certificate(contact: Contact, expires: datetime, now: datetime) -> Finding:
    left = expires - now
    severity = Severity.GOOD
    if left < ENDS_SOON:
        severity = Severity.UNSURE if left < ENDS_NOW else Severity.NOTE
    end = expires.date().isoformat()
    signed = f", signed by {contact.issuer}," if contact.issuer else ""
    message = f"The certificates of {contact.host}{signed} verify until {end}, {left.days} days from now."
    step = "" if severity is Severity.GOOD else STEPS["certificate"]
    return Finding("certificate", severity, message, step)


def _way(contact: Contact) -> Finding:
    """By which way it was asked: through a proxy, the platform sees the proxy."""
    if contact.proxied:
        message = f"{contact.host} was asked through the proxy of the account: it sees the proxy's address."
        return Finding("proxy", Severity.GOOD, message)
    own = f" from {contact.local}" if contact.local else ""
    message = f"{contact.host} was asked directly{own}; behind NAT it sees another address."
    return Finding("egress", Severity.GOOD, message)


def _quota(account: str, sharing: Iterable[Asked]) -> Finding:
    """What the schedule will ask for, as this time showed it."""
    shares = list(sharing)
    a_day = round(sum(one.requests * (DAY / one.source.every) for one in shares))
    sources = "1 source" if len(shares) == 1 else f"{len(shares)} sources"
    message = f"The account {account} is asked about {a_day} times a day by {sources}."
    if a_day <= BUSY:
        return Finding("quota", Severity.GOOD, message)
    return Finding("quota", Severity.NOTE, message, STEPS["quota"])
