"""Cases B1 to B19 of hostile and odd values, as data: what is sent, and what must come of it.

A plain module: the tests run it, and the table in the documentation is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatepost.errors import GatepostError
from gatepost.model.answer import Accepted, Answer, HeldAnswer
from gatepost.model.entry import Direction, Entry, PortRange, RawEntry, RawType
from gatepost.model.limits import Limits
from gatepost.planning.accept import accept
from gatepost.planning.digest import entry_line
from gatepost.planning.normalise import Normalised, Rules, normalise

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MEGABYTES_10 = 10_000_000
STRICT = Rules()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What gatepost did with an answer."""

    entries: tuple[str, ...] = ()
    """As ``value|protocol|ports``, or just the value."""
    quarantined: tuple[str, ...] = ()
    """Reason words."""
    error: str | None = None
    """Kind of the error that refused the whole answer."""
    held: tuple[str, ...] = ()
    """Guards that held the answer for a person."""


@dataclass(frozen=True, slots=True)
class Case:
    """One answer of a source and what must come of it."""

    id: str
    sent: str
    """In words, for the table."""
    raw: tuple[RawEntry, ...]
    expected: Outcome
    rules: Rules = STRICT
    previous: tuple[str, ...] = ()
    """Values of the last accepted answer; empty for a first one."""


def outcome_of(case: Case) -> Outcome:
    """Let gatepost parse and judge what the case sends."""
    try:
        seen = normalise(case.raw, case.rules)
        verdict = _verdict(case, seen)
    except GatepostError as error:
        return Outcome(error=error.kind)
    held = tuple(reason.guard for reason in verdict.reasons) if isinstance(verdict, HeldAnswer) else ()
    return Outcome(
        tuple(map(_shown, seen.entries)), tuple(each.reason for each in seen.quarantined), held=held
    )


def _verdict(case: Case, seen: Normalised) -> Accepted | HeldAnswer:
    limits = Limits(special=case.rules.special, host_bits=case.rules.host_bits)
    return accept(_answer(seen), _accepted(case.previous), (), limits, approved=False)


def _answer(seen: Normalised) -> Answer:
    return Answer(
        source="b",
        kind="static.list",
        direction=Direction.INGRESS,
        fetched_at=NOON,
        requests=1,
        entries=seen.entries,
        quarantined=seen.quarantined,
        provenance="case",
    )


def _accepted(values: tuple[str, ...]) -> Accepted | None:
    if not values:
        return None
    verdict = accept(_answer(normalise(texts(*values), STRICT)), None, (), Limits(), approved=True)
    assert isinstance(verdict, Accepted)
    return verdict


def _shown(entry: Entry) -> str:
    line = entry_line(entry)
    return line.removesuffix("||")


def texts(*values: str) -> tuple[RawEntry, ...]:
    """Addresses as a platform writes them."""
    return tuple(RawEntry(value) for value in values)


def names(*values: str) -> tuple[RawEntry, ...]:
    """Domains as a platform writes them."""
    return tuple(RawEntry(value, RawType.DOMAIN) for value in values)


def hosts(count: int, block: str = "101.226.103") -> tuple[str, ...]:
    """So many addresses of one block."""
    return tuple(f"{block}.{number}" for number in range(count))


def served(protocol: str | None = "tcp", ports: tuple[PortRange, ...] | None = ((443, 443),)) -> RawEntry:
    """One good address with a protocol and ports."""
    return RawEntry("101.226.103.7", protocol=protocol, ports=ports)


def _odd(number: str, sent: str, raw: RawEntry | str, reason: str, rules: Rules = STRICT) -> Case:
    """One odd value beside a good one: it is withheld, the good one stays."""
    item = RawEntry(raw) if isinstance(raw, str) else raw
    expected = Outcome(("101.226.103.200/32",), (reason,))
    return Case(number, sent, (*texts("101.226.103.200"), item), expected, rules)


def _name(number: str, sent: str, text: str, reason: str) -> Case:
    return _odd(number, sent, RawEntry(text, RawType.DOMAIN), reason)


def _refused(number: str, sent: str, raw: tuple[RawEntry, ...], error: str = "ValuesRefused") -> Case:
    return Case(number, sent, raw, Outcome(error=error))


def _typed(value: Any) -> RawEntry:
    """What JSON may hold where text is documented."""
    return RawEntry(value)


DECLARED = Rules(wildcards=True, ranges=True)
MASK = Rules(host_bits="mask")
TEN = hosts(10)

CASES = (
    _refused("B1", "0.0.0.0/0", texts("0.0.0.0/0")),
    _refused("B1", "::/0", texts("::/0")),
    _refused("B1", "two halves, 0.0.0.0/1 and 128.0.0.0/1", texts("0.0.0.0/1", "128.0.0.0/1")),
    _refused(
        "B1", "16 neighbouring /8, each just narrow enough", texts(*(f"{n}.0.0.0/8" for n in range(16, 32)))
    ),
    Case(
        "B1",
        "an IPv4 network wider than /16",
        texts("101.224.0.0/12"),
        Outcome(("101.224.0.0/12",), held=("widest",)),
    ),
    Case(
        "B1",
        "an IPv6 network wider than /32",
        texts("2408:8000::/20"),
        Outcome(("2408:8000::/20",), held=("widest",)),
    ),
    *(
        _odd("B2", f"{text}, {what}", text, "special")
        for text, what in (
            ("10.0.0.1", "private"),
            ("172.16.0.0/12", "private"),
            ("127.0.0.3", "loopback"),
            ("169.254.169.254", "link local"),
            ("100.64.0.0/10", "carrier NAT"),
            ("224.0.0.0/4", "multicast"),
            ("203.0.113.0/24", "documentation"),
            ("240.0.0.0/4", "reserved"),
            ("192.0.0.0/16", "special in part"),
            ("::1", "loopback"),
            ("fe80::1", "link local"),
            ("fc00::/7", "unique local"),
        )
    ),
    Case(
        "B3",
        "::ffff:101.226.103.7, one mapped address",
        texts("::ffff:101.226.103.7"),
        Outcome(("101.226.103.7/32",)),
    ),
    *(
        _odd("B3", f"{text}, {what}", text, "special")
        for text, what in (
            ("::ffff:0:0/96", "the mapped prefix"),
            ("::ffff:101.226.0.0/112", "a mapped prefix"),
            ("::101.226.103.7", "IPv4-compatible"),
            ("64:ff9b::/96", "NAT64"),
            ("2002::/16", "6to4"),
            ("2001::/32", "Teredo"),
        )
    ),
    _odd("B4", "010.8.8.8", "010.8.8.8", "leading-zero"),
    _odd("B4", "101.226.103.007", "101.226.103.007", "leading-zero"),
    _odd("B4", "::ffff:010.8.8.8", "::ffff:010.8.8.8", "leading-zero"),
    *(
        _odd("B5", text, text, "bad-length")
        for text in (
            "101.226.103.7/33",
            "101.226.103.7/-1",
            "101.226.103.0/08",
            "101.226.103.0/255.255.255.0",
            "101.226.103.0/0.0.0.255",
            "101.226.103.0/ 24",
            "101.226.103.0/",
            "101.226.103.0/24/24",
            "2400:da00::/129",
        )
    ),
    _odd("B6", "101.226.62.77/25, host bits set", "101.226.62.77/25", "host-bits"),
    Case(
        "B6",
        '101.226.62.77/25 with `host_bits = "mask"`',
        texts("101.226.62.77/25"),
        Outcome(("101.226.62.0/25",)),
        MASK,
    ),
    Case(
        "B6",
        '101.226.62.77/0 with `host_bits = "mask"`',
        texts("101.226.62.77/0"),
        Outcome(error="ValuesRefused"),
        MASK,
    ),
    _odd("B7", "101.226.104.* where no wildcard is declared", "101.226.104.*", "wildcard"),
    _odd(
        "B7", "101.226.104.1-101.226.104.6 where no range is declared", "101.226.104.1-101.226.104.6", "range"
    ),
    Case(
        "B7",
        "101.226.103.* of a platform that declares it",
        texts("101.226.103.*"),
        Outcome(("101.226.103.0/24",)),
        DECLARED,
    ),
    Case(
        "B7",
        "101.226.103.1-101.226.103.6 of a platform that declares it",
        texts("101.226.103.1-101.226.103.6"),
        Outcome(("101.226.103.1/32", "101.226.103.2/31", "101.226.103.4/31", "101.226.103.6/32")),
        DECLARED,
    ),
    _odd("B7", "a range upside down", "101.226.104.6-101.226.104.1", "range", DECLARED),
    _odd("B7", "101.*", "101.*", "not-an-address", DECLARED),
    Case(
        "B7",
        "the range of everything",
        texts("0.0.0.0-255.255.255.255"),
        Outcome(error="ValuesRefused"),
        DECLARED,
    ),
    _refused("B8", "the number 16909060", (_typed(16_909_060),), "SchemaMismatch"),
    _refused("B8", "true", (_typed(True),), "SchemaMismatch"),  # noqa: FBT003 - JSON's true is the case
    _refused("B8", "null", (_typed(None),), "SchemaMismatch"),
    _refused("B8", "a list in the list", (_typed(["101.226.103.7"]),), "SchemaMismatch"),
    *(
        _odd("B9", repr(text), text, "not-an-address")
        for text in (
            "2600::%\n1.2.3.0/24",
            "2600::1%\n0.0.0.0-255.255.255.255",
            "fe80::1%eth0",
            "101.226.103.7\n101.226.103.8",
            "101.226.103.7 }",
            '101.226.103.7"',
        )
    ),
    Case("B10", "a blank at both ends", texts(" 101.226.103.7 "), Outcome(("101.226.103.7/32",))),
    *(
        _odd("B10", ascii(text), text, "not-an-address")
        for text in (
            "101.226.103.7\0",
            "101.226.103.7\n",
            "\t101.226.103.7",
            "101.226. 103.7",
            "１01.226.103.7",
            "\u200f101.226.103.7",
            "\u00a0101.226.103.7",
            "",
            "16909060",
            "0x65e26707",
            "101.226.26375",
        )
    ),
    Case(
        "B11",
        "a description that would close an nftables set and open the chain",
        (
            RawEntry(
                "101.226.103.7", note='" }\nflush chain inet filter input\nadd rule inet filter input accept'
            ),
        ),
        Outcome(("101.226.103.7/32",)),
    ),
    _odd("B11", "101.226.103.7;reboot", "101.226.103.7;reboot", "not-an-address"),
    _name("B11", "a domain with syntax in it", 'a.example.net" }\naccept', "not-a-domain"),
    _name("B11", "a domain with a shell in it", "$(reboot).qq.com", "not-a-domain"),
    _name("B12", "*", "*", "wildcard"),
    _name("B12", "*.com", "*.com", "public-suffix"),
    _name("B12", "*.cn", "*.cn", "public-suffix"),
    _name("B12", "*.com.cn", "*.com.cn", "public-suffix"),
    _name("B12", "*.*.qq.com", "*.*.qq.com", "wildcard"),
    _name("B12", "intranet, a single label", "intranet", "single-label"),
    _name("B12", "qq.com., with a trailing dot", "qq.com.", "trailing-dot"),
    _name("B12", "101.226.103.7 as a domain", "101.226.103.7", "ip-literal"),
    _name("B12", "0x7f.1 as a domain", "0x7f.1", "ip-literal"),
    _name("B12", "[::1] as a domain", "[::1]", "not-a-domain"),
    _name("B12", "localhost", "localhost", "localhost"),
    Case("B12", "*.work.weixin.qq.com", names("*.work.weixin.qq.com"), Outcome(("*.work.weixin.qq.com",))),
    Case(
        "B12",
        "work.weixin.qq.com and all below it (`universal_domian`)",
        (RawEntry("work.weixin.qq.com", RawType.DOMAIN_TREE),),
        Outcome(("*.work.weixin.qq.com",)),
    ),
    _name("B13", "а name that mixes Cyrillic and Latin letters", "аpple.com", "mixed-script"),
    _name("B13", "the same, already in A-label form", "xn--pple-43d.com", "mixed-script"),
    _name("B13", "a name of more than 253 characters", ".".join(["a" * 60] * 5), "too-long"),
    _name("B13", "a label of more than 63 characters", "a" * 64 + ".com", "label-too-long"),
    _name("B13", "an underscore", "a_b.qq.com", "underscore"),
    _name("B13", "xn-- that decodes to nothing", "xn--a.com", "bad-idn"),
    _name("B13", "a fullwidth dot", "qq．com", "bad-idn"),
    Case("B13", "微信.qq.com", names("微信.qq.com"), Outcome(("xn--vuqz89a.qq.com",))),
    Case(
        "B14",
        "a domain, wherever it may resolve to: gatepost resolves no names",
        names("i.work.weixin.qq.com"),
        Outcome(("i.work.weixin.qq.com",)),
    ),
    _odd("B15", "port 0", served(ports=((0, 0),)), "port"),
    _odd("B15", "port 65536", served(ports=((65_536, 65_536),)), "port"),
    _odd("B15", "port -1", served(ports=((-1, -1),)), "port"),
    _odd("B15", "ports 90 to 80", served(ports=((90, 80),)), "port"),
    _odd("B15", 'the port "443", text', served(ports=(("443", "443"),)), "port"),  # type: ignore[arg-type]  # the case
    _odd("B15", "65 ports", served(ports=tuple((2 * n, 2 * n) for n in range(1, 66))), "too-many-ports"),
    _odd("B15", "protocol ANY", served("ANY"), "protocol"),
    _odd("B15", "protocol icmp", served("icmp"), "protocol"),
    _refused("B15", "a blank protocol", (served(" "),)),
    _refused("B15", "an empty list of ports", (served(ports=()),)),
    Case("B15", "protocol TCP", (served("TCP"),), Outcome(("101.226.103.7/32|tcp|443-443",))),
    Case(
        "B15",
        "ports 443, 80 and 81",
        (served(ports=((443, 443), (80, 80), (81, 81))),),
        Outcome(("101.226.103.7/32|tcp|80-81,443-443",)),
    ),
    Case(
        "B15",
        "ports 1 to 65535",
        (served(ports=((1, 65_535),)),),
        Outcome(("101.226.103.7/32|tcp|1-65535",), held=("ports",)),
    ),
    _odd("B16", "an address of 10 MB", "1" * MEGABYTES_10, "too-long"),
    _name("B16", "a domain of 10 MB", "a" * MEGABYTES_10, "too-long"),
    Case(
        "B17",
        "as many addresses as before, every one another",
        texts(*hosts(10, "183.192.202")),
        Outcome(tuple(f"{host}/32" for host in hosts(10, "183.192.202")), held=("shrink", "churn")),
        previous=TEN,
    ),
    Case(
        "B18",
        "what was a /24 as two /25, twice and in another order",
        texts("101.226.103.128/25", "101.226.103.0/25", "101.226.103.128/25"),
        Outcome(("101.226.103.0/25", "101.226.103.128/25")),
        previous=("101.226.103.0/24",),
    ),
    Case(
        "B19",
        "IPv6 for the first time",
        texts(*TEN, "2400:da00::1"),
        Outcome((*(f"{host}/32" for host in TEN), "2400:da00::1/128"), held=("family",)),
        previous=TEN,
    ),
    Case(
        "B19",
        "IPv4 gone, IPv6 still there",
        texts("2400:da00::1"),
        Outcome(("2400:da00::1/128",), held=("family",)),
        previous=("101.226.103.1", "101.226.103.2", "2400:da00::1"),
    ),
)
