"""Gather the protected set: what the owner lists, and what is found around us.

Found text is foreign: only what is exactly one address or one host name counts.
What cannot be told is named as such, and fails nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from gatepost.config.settings import Settings
from gatepost.engine.site import Site
from gatepost.errors import cut
from gatepost.kit.surroundings import Surroundings
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Direction, Domain, Entry
from gatepost.model.plan import Plan, PlanStatus
from gatepost.model.protect import Protected
from gatepost.planning import protect
from gatepost.planning.canonical import canonical, without
from gatepost.planning.normalise import parse_value
from gatepost.planning.odd import Odd, Oddity

SESSION = "the SSH session that runs this"
CONTROL_PLANE = "the store's server"
DNS = "a name server of this host"
NTP = "a time server of this host"

_HOST = re.compile(r"(?!.*\.[0-9]*$)[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_LOCAL_ONLY = (Oddity.SINGLE_LABEL, Oddity.UNDERSCORE)
"""What a host name in a network of one's own may be, though no name of the Internet is."""
_HERE = {Family.V4: (range(1 << 24), range(127 << 24, 128 << 24)), Family.V6: (range(2),)}
"""Unspecified and loopback addresses: nothing on the way to them is ours to cut."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that should be protected and has no address that we know."""

    text: str
    """Fit to show."""
    why: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """The protected set of a moment."""

    protected: tuple[Protected, ...]
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """Text that should be an address or a host name."""

    text: str
    why: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class _Way:
    """What is protected as it stands, and the name whose addresses are."""

    why: str
    direction: Direction | None
    value: Prefix | Domain | None = None
    name: str = ""


async def protected(site: Site) -> tuple[Protected, ...]:
    """What no plan of this site may cut off at this moment."""
    return (await gather(site)).protected


async def gather(site: Site) -> Gathered:
    """The protected set, and what could not be told; what concerns no list with a target is not sought."""
    ways: list[_Way] = [_own(one) for one in site.settings.protect.addresses]
    unknown: list[Unknown] = []
    for found in _sought(site.settings, site.surroundings):
        try:
            ways.append(_parsed(found))
        except Odd:
            unknown.append(Unknown(cut(found.text), found.why))
    names = dict.fromkeys(way.name for way in ways if way.name)
    answers = await site.surroundings.addresses_of(names) if names else {}
    unknown += [Unknown(cut(way.name), way.why) for way in ways if way.name and not answers.get(way.name)]
    known: dict[tuple[Prefix | Domain, Direction | None], Protected] = {}
    for one in (one for way in ways for one in _values(way, answers)):
        known.setdefault((one.value, one.direction), one)
    return Gathered(tuple(known.values()), tuple(dict.fromkeys(unknown)))


async def refuse_cut(
    site: Site, plan: Plan, desired: tuple[Entry, ...], left: tuple[Entry, ...] = ()
) -> Plan:
    """A plan that nobody judged here; held for good where it would cut off what is protected here.

    ``left`` counts as there, although somebody may have wiped it.
    """
    remove = canonical([*plan.remove, *without(left, desired)])
    if not remove:
        return plan
    allowlist = site.settings.lists[plan.list].allowlist
    reasons = protect.protected(plan.target, allowlist, remove, desired, await protected(site))
    new = tuple(one for one in reasons if one not in plan.reasons)
    return replace(plan, status=PlanStatus.HELD, reasons=(*plan.reasons, *new)) if reasons else plan


def _sought(settings: Settings, around: Surroundings) -> Iterator[_Found]:
    """What is found by itself, as far as it is wanted and concerns a list with a target."""
    wanted = settings.protect
    directions = {settings.lists[one.list].allowlist.direction for one in settings.targets.values()}
    if Direction.INGRESS in directions and wanted.session:
        yield from (_Found(text, SESSION, Direction.INGRESS) for text in around.sessions())
    if Direction.EGRESS not in directions:
        return
    if wanted.control_plane:
        yield from (_egress(text, CONTROL_PLANE) for text in _hosts_of(settings.store_url))
    if wanted.dns:
        yield from (_egress(text, DNS) for text in around.name_servers())
    if wanted.ntp:
        yield from (_egress(text, NTP) for text in around.time_servers())
    if wanted.platforms:
        yield from _asked(settings)


def _egress(text: str, why: str) -> _Found:
    return _Found(text, why, Direction.EGRESS)


def _asked(settings: Settings) -> Iterator[_Found]:
    """Hosts of accounts and of public lists."""
    for account in settings.accounts.values():
        yield from (_egress(host, f"account {account.name}") for host in sorted(account.hosts))
    for source in settings.sources.values():
        if source.account is None:
            hosts = sorted(source.plugin.hosts(source.options))
            yield from (_egress(host, f"source {source.name}") for host in hosts)


def _hosts_of(store_url: str) -> Iterator[str]:
    """Hosts of a database URL, with its further ones in the query; a socket's folder is none."""
    parts = urlsplit(store_url)
    told = [parts.hostname or "", *parse_qs(parts.query).get("host", [])]
    for text in (one for several in told for one in several.split(",")):
        host, colon, port = text.rpartition(":")
        bare = host if colon and port.isdecimal() and ":" not in host else text
        if bare and not bare.startswith("/"):
            yield bare


def _own(one: Protected) -> _Way:
    exact = isinstance(one.value, Domain) and not one.value.tree
    return _Way(one.why, one.direction, one.value, str(one.value) if exact else "")


def _parsed(found: _Found) -> _Way:
    """One address, or one name; raises Odd."""
    try:
        value = parse_value(found.text)
    except Odd as error:
        if error.oddity is Oddity.LOCALHOST:
            return _Way(found.why, found.direction)
        if error.oddity in _LOCAL_ONLY and _HOST.fullmatch(found.text):
            return _Way(found.why, found.direction, name=found.text.lower())
        raise
    match value:
        case Domain(name, tree=False):
            return _Way(found.why, found.direction, value, name)
        case Prefix() if value.size == 1:
            return _Way(found.why, found.direction, None if _is_here(value) else value)
    raise Odd(Oddity.NOT_AN_ADDRESS)


def _values(way: _Way, answers: Mapping[str, tuple[str, ...]]) -> Iterator[Protected]:
    if way.value is not None:
        yield Protected(way.value, way.why, way.direction)
    for text in answers.get(way.name, ()):
        address = _address(text)
        if address is not None and not _is_here(address):
            yield Protected(address, f"{way.why}, {way.name}", way.direction)


def _address(text: str) -> Prefix | None:
    try:
        value = parse_value(text)
    except Odd:
        return None
    return value if isinstance(value, Prefix) and value.size == 1 else None


def _is_here(address: Prefix) -> bool:
    return any(address.network in here for here in _HERE[address.family])
