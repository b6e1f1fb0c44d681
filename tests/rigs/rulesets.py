"""Rulesets around a set of ours: each with what an examination has to find, and what packets do."""

from __future__ import annotations

from dataclasses import dataclass

from rigs.street import END, END_AT_CONTAINER, LISTED, UNLISTED

SETS = """
table inet gatepost {{
    set gatepost_owner {{ type mark; }}
    set edge_v4 {{ type ipv4_addr; flags interval; {v4} }}
    set edge_v6 {{ type ipv6_addr; flags interval; {v6} }}
    set edge_gen {{ type mark; size 1; }}
}}
"""
DROPPING = f"type filter hook input priority 0; policy drop; udp dport {END} accept"
OPEN = "type filter hook input priority 0; policy accept"
BOTH = "ip saddr @edge_v4 accept\n ip6 saddr @edge_v6 accept"
SERVICE = "udp dport 443 ip saddr @edge_v4 accept\n udp dport 443 ip6 saddr @edge_v6 accept"


@dataclass(frozen=True)
class Case:
    """A ruleset; ``wrong`` and ``notes`` are the kinds that must be found, ``good`` how many effects."""

    rules: str
    """Chains, in our table, as lines of ``name: rule; rule``."""
    wrong: tuple[str, ...] = ()
    good: int = 0
    notes: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    through: frozenset[str] | None = None
    """Senders that must reach the service on the host; None: not looked at."""
    other: str = ""
    """Tables of others."""
    v4: str = LISTED[0]
    v6: str = LISTED[1]

    @property
    def text(self) -> str:
        """For nft."""
        contents = {name: f"elements = {{ {value} }}" if value else "" for name, value in self._contents()}
        return SETS.format(**contents) + f"table inet gatepost {{\n{self.rules}\n}}\n" + self.other

    def _contents(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("v4", self.v4), ("v6", self.v6)


def chain(name: str, *lines: str) -> str:
    """One chain."""
    body = "\n".join(lines)
    return f"chain {name} {{\n{body}\n}}\n"


ALL = frozenset({*LISTED, *UNLISTED})
ONLY = frozenset(LISTED)
NOBODY: frozenset[str] = frozenset()
V4, V6 = frozenset({LISTED[0], UNLISTED[0]}), frozenset({LISTED[1], UNLISTED[1]})
FOREIGN_DROP = """
table ip filter {
    chain INPUT {
        type filter hook input priority 0; policy drop;
        udp dport 9 accept
    }
}
"""
PUBLISHED = f"""
table ip nat {{
    chain PREROUTING {{
        type nat hook prerouting priority dstnat;
        udp dport 443 dnat to 172.17.0.2:8443
        udp dport {END_AT_CONTAINER} dnat to 172.17.0.2:{END}
    }}
}}
"""
REDIRECTED = """
table ip nat {
    chain PREROUTING {
        type nat hook prerouting priority dstnat;
        udp dport 443 redirect to :8443
    }
}
"""
DORMANT_DROP = FOREIGN_DROP.replace("{", "{\n    flags dormant", 1)
PARTLY_PASSED = FOREIGN_DROP.replace(
    "udp dport 9 accept", f"udp dport 9 accept\n        ip saddr {LISTED[0]} accept"
)
MORE = f"{LISTED[0]}, 203.0.113.0/24"
"""More than one address that is listed."""
PIECES = [f"ip saddr {first}.0.0.0/6 accept" for first in (48, 64, 80, 96)]
"""Each lets in a sixtieth of all addresses."""
GUARDED = chain(
    "web",
    "type filter hook forward priority 0; policy accept",
    "meta l4proto udp ct original proto-dst 443 ip saddr @edge_v4 accept",
    "meta l4proto udp ct original proto-dst 443 ip6 saddr @edge_v6 accept",
    "meta l4proto udp ct original proto-dst 443 drop",
)

RAW = chain("raw", "type filter hook prerouting priority raw", "udp dport 443 notrack")

CASES = {
    "perfect": Case(chain("c", DROPPING, SERVICE), good=2, through=ONLY),
    "as-documented": Case(
        chain("c", OPEN, "udp dport 443 ct state established,related accept", SERVICE, "udp dport 443 drop"),
        good=2,
        through=ONLY,
    ),
    "whole-host": Case(
        chain(
            "c",
            DROPPING,
            "ct state vmap { established : accept, related : accept, invalid : drop }",
            "iif lo accept",
            "icmp type echo-request accept",
            "meta l4proto ipv6-icmp accept",
            "tcp dport 22 accept",
            BOTH,
        ),
        good=2,
        through=ONLY,
    ),
    "by-jumps": Case(
        chain("last", BOTH, "drop")
        + chain("middle", "goto last")
        + chain("c", OPEN, "meta nfproto { ipv4, ipv6 } udp dport 443 jump middle"),
        good=2,
        through=ONLY,
    ),
    "negated": Case(
        chain(
            "c", OPEN, "udp dport 443 ip saddr != @edge_v4 drop", "udp dport 443 ip6 saddr != @edge_v6 drop"
        ),
        good=2,
        through=ONLY,
    ),
    "by-mark": Case(
        chain(
            "marking",
            "type filter hook prerouting priority mangle",
            "ip saddr @edge_v4 meta mark set 7",
            "ip6 saddr @edge_v6 meta mark set 7",
        )
        + chain("c", DROPPING, "meta mark 7 accept"),
        good=2,
        through=ONLY,
    ),
    "before-routing": Case(
        chain(
            "c",
            "type filter hook prerouting priority raw; policy accept",
            "udp dport 443 ip saddr != @edge_v4 drop",
            "udp dport 443 ip6 saddr != @edge_v6 drop",
        ),
        good=2,
        through=ONLY,
    ),
    "goto-does-not-come-back": Case(
        chain("side", SERVICE) + chain("c", DROPPING, "udp dport 443 goto side", "udp dport 443 accept"),
        good=2,
        through=ONLY,
    ),
    "jump-comes-back": Case(
        chain("side", SERVICE) + chain("c", DROPPING, "udp dport 443 jump side", "udp dport 443 accept"),
        ("open_policy", "open_policy"),
        through=ALL,
    ),
    "return-leaves-the-rest-of-a-chain": Case(
        chain("side", "return", SERVICE) + chain("c", DROPPING, "udp dport 443 jump side"),
        ("blocked", "blocked"),
        through=NOBODY,
    ),
    "unreferenced": Case(chain("c", DROPPING, "udp dport 443 accept"), ("unreferenced",), through=ALL),
    "unreached": Case(
        chain("side", SERVICE, "drop") + chain("c", OPEN), ("unreached", "unreached"), through=ALL
    ),
    "reached-by-old-connections-alone": Case(
        chain("c", OPEN, "ct state established ip saddr @edge_v4 accept"), ("unreached",), through=ALL
    ),
    "shadowed": Case(
        chain("c", DROPPING, "udp dport { 80, 443 } accept", SERVICE), ("shadowed", "shadowed"), through=ALL
    ),
    "shadowed-elsewhere": Case(
        chain("c", DROPPING, "udp dport { 80, 444 } accept", SERVICE), good=2, through=ONLY
    ),
    "shadowed-by-halves": Case(
        chain("c", DROPPING, "ip saddr { 0.0.0.0/1, 128.0.0.0/1 } accept", SERVICE),
        ("shadowed",),
        good=1,
        through=ALL - {UNLISTED[1]},
    ),
    "shadowed-by-an-office": Case(
        chain("c", DROPPING, "ip saddr 203.0.113.0/24 accept", SERVICE), good=2, through=ONLY
    ),
    "shadowed-on-a-device": Case(
        chain("c", DROPPING, 'iifname "eth7" accept', SERVICE),
        good=2,
        notes=("partly", "partly"),
        through=ONLY,
    ),
    "shadowed-by-the-device": Case(
        chain("c", DROPPING, 'iifname { "out", "bridge" } accept', SERVICE),
        ("shadowed", "shadowed"),
        through=ALL,
    ),
    "a-device-of-two": Case(
        chain("c", DROPPING, 'iifname "o*" accept', SERVICE),
        good=2,
        unsure=("uncertain", "uncertain"),
        through=ALL,
    ),
    "untracked": Case(
        RAW + chain("c", DROPPING, "ct state established,related,untracked accept", SERVICE),
        ("shadowed", "shadowed"),
        through=ALL,
    ),
    "untracked-and-not-accepted": Case(
        RAW + chain("c", DROPPING, "ct state established,related accept", SERVICE), good=2, through=ONLY
    ),
    "limited-but-before": Case(
        chain("c", DROPPING, "limit rate 1000/second accept", SERVICE),
        good=2,
        unsure=("uncertain", "uncertain"),
        through=ALL,
    ),
    "by-quota": Case(
        chain("c", DROPPING, "quota until 100 mbytes accept", SERVICE),
        good=2,
        unsure=("uncertain", "uncertain"),
        through=ALL,
    ),
    "by-source-port": Case(
        chain("c", DROPPING, "udp sport 1024-65535 accept", SERVICE), ("shadowed", "shadowed"), through=ALL
    ),
    "by-low-source-port": Case(
        chain("c", DROPPING, "udp sport 1-1023 accept", SERVICE),
        good=2,
        unsure=("uncertain", "uncertain"),
        through=ONLY,
    ),
    "by-hops-left": Case(
        chain("c", DROPPING, "ip ttl gt 1 accept", "ip6 hoplimit gt 1 accept", SERVICE),
        ("shadowed", "shadowed"),
        through=ALL,
    ),
    "by-version": Case(
        chain("c", DROPPING, "ip version 4 accept", SERVICE),
        ("shadowed",),
        good=1,
        through=ALL - {UNLISTED[1]},
    ),
    "by-zone": Case(chain("c", DROPPING, "ct zone 0 accept", SERVICE), ("shadowed", "shadowed"), through=ALL),
    "by-length": Case(
        chain("c", DROPPING, "meta length lt 2000 accept", SERVICE),
        unsure=("uncertain", "uncertain"),
        good=2,
        through=ALL,
    ),
    "other-services-limited": Case(
        chain(
            "c", DROPPING, "udp dport 53 limit rate 5/second accept", "icmp type echo-request accept", BOTH
        ),
        good=2,
        through=ONLY,
    ),
    "open-policy": Case(chain("c", OPEN, SERVICE), ("open_policy", "open_policy"), through=ALL),
    "open-by-a-later-rule": Case(
        chain("c", DROPPING, SERVICE, "udp dport 443 accept"), ("open_policy", "open_policy"), through=ALL
    ),
    "accept-in-one-chain-is-not-the-end": Case(
        chain("c", OPEN, SERVICE), ("blocked", "open_policy"), other=FOREIGN_DROP, through=V6
    ),
    "blocked-by-another-table": Case(
        chain("c", DROPPING, SERVICE),
        ("blocked",),
        good=1,
        other=FOREIGN_DROP,
        through=frozenset({LISTED[1]}),
    ),
    "blocked-before": Case(
        chain("c", DROPPING, "udp dport 1-1023 drop", SERVICE), ("blocked", "blocked"), through=NOBODY
    ),
    "inverted": Case(
        chain("c", OPEN, "ip saddr @edge_v4 drop", "ip6 saddr @edge_v6 drop"),
        ("inverted", "inverted"),
        through=frozenset(UNLISTED),
    ),
    "ipv6-open": Case(
        chain("c", DROPPING, "meta nfproto ipv6 accept", "udp dport 443 ip saddr @edge_v4 accept"),
        ("ipv6_open",),
        good=1,
        through=frozenset({LISTED[0], *V6}),
        v6="",
    ),
    "ipv6-closed": Case(
        chain("c", DROPPING, "udp dport 443 ip saddr @edge_v4 accept"),
        ("ipv6_closed",),
        good=1,
        through=frozenset({LISTED[0]}),
    ),
    "ipv6-closed-and-not-listed": Case(
        chain("c", DROPPING, "udp dport 443 ip saddr @edge_v4 accept"),
        good=1,
        through=frozenset({LISTED[0]}),
        v6="",
    ),
    "ipv4-open": Case(
        chain("c", OPEN, "udp dport 443 ip6 saddr @edge_v6 accept", "meta nfproto ipv6 udp dport 443 drop"),
        ("ipv4_open",),
        good=1,
        through=frozenset({LISTED[1], *V4}),
    ),
    "wrong-side": Case(
        chain("c", DROPPING, "ip daddr @edge_v4 accept", "ip6 daddr @edge_v6 accept"),
        ("wrong_side", "wrong_side"),
        through=NOBODY,
    ),
    "wrong-hook": Case(
        chain("c", "type filter hook output priority 0; policy accept", BOTH),
        ("wrong_side", "wrong_side"),
        through=ALL,
    ),
    "right-side-and-answers": Case(
        chain("c", DROPPING, SERVICE)
        + chain("back", "type filter hook output priority 0; policy accept", "ip daddr @edge_v4 accept"),
        good=2,
        through=ONLY,
    ),
    "empty": Case(chain("c", DROPPING, SERVICE), ("empty",), through=NOBODY, v4="", v6=""),
    "empty-and-open": Case(
        chain("c", OPEN, SERVICE), ("empty", "open_policy", "open_policy"), through=ALL, v4="", v6=""
    ),
    "limited": Case(
        chain("c", OPEN, SERVICE, "udp dport 443 limit rate over 1/minute drop"),
        unsure=("uncertain", "uncertain"),
    ),
    "redirected": Case(
        chain("c", OPEN, SERVICE, "udp dport 443 drop"),
        ("forward_bypass",),
        good=1,
        other=REDIRECTED,
    ),
    "before-routing-but-after-the-redirection": Case(
        chain(
            "c",
            "type filter hook prerouting priority filter; policy accept",
            "udp dport 443 ip saddr != @edge_v4 drop",
            "udp dport 443 ip6 saddr != @edge_v6 drop",
        ),
        ("forward_bypass",),
        good=1,
        other=REDIRECTED,
    ),
    "published": Case(chain("c", DROPPING, SERVICE), ("forward_bypass",), good=1, other=PUBLISHED),
    "published-and-guarded": Case(chain("c", DROPPING, SERVICE) + GUARDED, good=3, other=PUBLISHED),
    "dormant-elsewhere": Case(chain("c", DROPPING, SERVICE), good=2, other=DORMANT_DROP, through=ONLY),
    "redirected-to-where-nobody-passes": Case(
        chain("c", DROPPING, SERVICE),
        ("blocked",),
        good=1,
        other=REDIRECTED,
        through=frozenset({LISTED[1]}),
    ),
    "blocked-but-for-one": Case(
        chain("c", DROPPING, f"ip saddr != {LISTED[0]} drop", SERVICE),
        ("blocked",),
        good=1,
        through=ONLY,
        v4=MORE,
    ),
    "blocked-at-the-edge": Case(
        chain("c", DROPPING, "ip saddr { 192.0.2.0/24, 203.0.113.255 } drop", SERVICE),
        ("blocked",),
        good=1,
        through=ONLY,
        v4=MORE,
    ),
    "blocked-beside-the-edge": Case(
        chain("c", DROPPING, "ip saddr { 192.0.2.0/24, 203.0.114.0 } drop", SERVICE),
        good=2,
        through=ONLY,
        v4=MORE,
    ),
    "another-table-passes-a-part": Case(
        chain("c", DROPPING, SERVICE), ("blocked",), good=1, other=PARTLY_PASSED, through=ONLY, v4=MORE
    ),
    "shadowed-for-all-but-one": Case(
        chain("c", DROPPING, "ip saddr != 203.0.113.1 accept", SERVICE),
        ("shadowed",),
        good=1,
        through=ALL - {UNLISTED[1]},
    ),
    "shadowed-from-an-address-on": Case(
        chain("c", DROPPING, "ip saddr >= 1.0.0.0 accept", SERVICE),
        ("shadowed",),
        good=1,
        through=ALL - {UNLISTED[1]},
    ),
    "shadowed-by-pieces": Case(chain("c", DROPPING, *PIECES, SERVICE), ("shadowed",), good=1, through=ONLY),
    "shadowed-in-part": Case(
        chain("c", DROPPING, *PIECES[:2], SERVICE), good=2, notes=("partly", "partly"), through=ONLY
    ),
    "shadowed-by-a-registry": Case(
        chain("c", DROPPING, "ip6 saddr 2a00::/12 accept", SERVICE), ("shadowed",), good=1, through=ONLY
    ),
    "private-networks": Case(
        chain(
            "c",
            DROPPING,
            "ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } accept",
            "ip6 saddr { fc00::/7, fe80::/10 } accept",
            SERVICE,
        ),
        good=2,
        through=ONLY,
    ),
    "limited-by-itself": Case(
        chain("c", DROPPING, "udp dport 443 limit rate 1/hour ip saddr @edge_v4 accept"),
        unsure=("uncertain",),
    ),
    "narrowed-by-itself": Case(
        chain("c", DROPPING, f"udp dport 443 ip saddr @edge_v4 ip saddr {LISTED[0]} accept"),
        ("blocked", "ipv6_closed"),
        through=frozenset({LISTED[0]}),
        v4=MORE,
    ),
    "by-a-mark-that-nobody-sets": Case(
        chain("c", DROPPING, "udp dport 443 meta mark 7 ip saddr @edge_v4 accept"),
        unsure=("uncertain",),
        through=NOBODY,
    ),
    "by-a-mark-that-a-rule-sets": Case(
        chain("m", "type filter hook prerouting priority mangle", "udp dport 443 meta mark set 7")
        + chain(
            "c", DROPPING, "meta mark 7 ip saddr @edge_v4 accept", "meta mark 7 ip6 saddr @edge_v6 accept"
        ),
        good=2,
        through=ONLY,
    ),
    "by-a-device-that-is-not-there": Case(
        chain(
            "c",
            DROPPING,
            'iifname "eth9" udp dport 443 ip saddr @edge_v4 accept',
            "udp dport 443 ip6 saddr @edge_v6 accept",
        ),
        good=2,
        unsure=("uncertain",),
        through=frozenset({LISTED[1]}),
    ),
    "a-whole-protocol": Case(
        chain("c", DROPPING, BOTH, "udp dport 1-65535 accept"),
        good=2,
        unsure=("uncertain", "uncertain"),
        through=ALL,
    ),
    "all-ports-in-two-halves": Case(
        chain("c", DROPPING, BOTH, "th dport 1-30000 accept", "th dport 30001-65535 accept"),
        ("open_policy", "open_policy"),
        through=ALL,
    ),
    "high-ports": Case(chain("c", DROPPING, BOTH, "udp dport 40000-50000 accept"), good=2, through=ONLY),
    "published-beside-the-service": Case(
        chain(
            "c", DROPPING, "udp dport 53 ip saddr @edge_v4 accept", "udp dport 53 ip6 saddr @edge_v6 accept"
        ),
        good=2,
        other=PUBLISHED,
    ),
}
