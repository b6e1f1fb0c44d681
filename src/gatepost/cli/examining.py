"""What an examination of targets found, in the user's words; and the rights that this run has."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gatepost.cli.language import _
from gatepost.errors import ProgramFailed
from gatepost.kit.process import Runner
from gatepost.model.finding import Finding, Severity

CAP_NET_ADMIN = 12
"""Bit of the capability, see capabilities(7)."""
NETLINK_NETFILTER = 12
"""Protocol of netlink, see netlink(7)."""
TIMEOUT = 5.0
"""Seconds that ``nft --version`` may take."""


def finding_words() -> dict[str, str]:
    """What each kind of finding means, in the chosen language."""
    return {
        "effective": _("the list has its effect: listed pass, all others are dropped"),
        "empty": _("EMPTY: nobody is named by what is there"),
        "dormant": _("the table is dormant: the list keeps nobody out"),
        "unreferenced": _("no rule refers to the sets: the list has no effect"),
        "unreached": _("packets never come to the rule of the list"),
        "wrong_side": _("the rule asks the wrong side, or at the wrong hook"),
        "shadowed": _("an earlier rule lets everybody pass, or too many"),
        "open_policy": _("what the list does not name passes too"),
        "blocked": _("listed addresses are dropped elsewhere"),
        "inverted": _("the rule drops the listed and lets the others pass"),
        "forward_bypass": _("packets with another destination (a published port) get past the list"),
        "ipv4_open": _("IPv4 is left open"),
        "ipv6_open": _("IPv6 is left open"),
        "ipv4_closed": _("listed IPv4 addresses are locked out"),
        "ipv6_closed": _("listed IPv6 addresses are locked out"),
        "partly": _("some packets get past the list"),
        "confined": _("the list has its effect at some devices alone"),
        "uncertain": _("cannot be decided from the rules alone"),
        "legacy_rules": _("legacy iptables has rules beside nftables"),
        "unexamined": _("the rules were not looked at"),
        "uncounted": _("the sets were made without counters"),
        "absent": _("the file is not there"),
        "readable": _("the file can be read"),
        "writable": _("others may write the file"),
        "unreadable": _("other users cannot read the file"),
        "untold": _("no program is told of a new file"),
        "unchecked": _("no program checks a new file"),
        "unrunnable": _("a program that has a say cannot be run"),
        "published": _("the list is published"),
        "unpublished": _("nothing was published yet"),
        "left-out": _("a format cannot show all of the list"),
        "unsigned": _("there are no signatures"),
        "clock": _("this host's clock, beside the platform's"),
        "certificate": _("until when the certificates verify"),
        "proxy": _("by which way it is asked"),
        "egress": _("by which way it is asked"),
        "quota": _("how often the account is asked"),
        "reached": _("what the list names can be reached from here"),
        "out_of_reach": _("what the list names cannot be reached from here"),
        "untried": _("what was not tried"),
    }


def severity_mark(severity: Severity) -> tuple[str, str]:
    """A word, and how it looks."""
    return {
        Severity.GOOD: (_("good"), "green"),
        Severity.NOTE: (_("note"), "yellow"),
        Severity.UNSURE: (_("UNSURE"), "bold yellow"),
        Severity.WRONG: (_("WRONG"), "bold red"),
    }[severity]


def finding_lines(found: Finding) -> list[tuple[str, str | None]]:
    """Its exact sentence where the words above it do not say it, and the next step."""
    lines: list[tuple[str, str | None]] = [(_(found.message), "dim")]
    if found.next_step:
        lines.append((f"→ {_(found.next_step)}", None))
    return lines


@dataclass(frozen=True, slots=True)
class Rights:
    """What the kernel lets this run do with nftables."""

    capable: bool
    """Whether it has CAP_NET_ADMIN."""
    netlink: bool
    """Whether it may speak to netfilter by AF_NETLINK."""
    nft: str
    """Version of the program; empty where there is none."""

    @property
    def enough(self) -> bool:
        """Whether a target of kind ``nftables`` can work."""
        return self.capable and self.netlink

    @property
    def words(self) -> str:
        """One line."""
        yes, no = _("yes"), _("NO")
        parts = [
            f"CAP_NET_ADMIN: {yes if self.capable else no}",
            f"AF_NETLINK: {yes if self.netlink else no}",
            f"nft: {self.nft or no}",
        ]
        return ", ".join(parts)


async def rights(runner: Runner, status: Path = Path("/proc/self/status")) -> Rights:
    """Ask the kernel and the program; changes nothing."""
    return Rights(has_net_admin(status), opens_netlink(), await nft_version(runner))


def has_net_admin(status: Path) -> bool:
    """Whether the effective capabilities in a ``status`` file of /proc hold CAP_NET_ADMIN."""
    try:
        lines = status.read_text("ascii", errors="replace").splitlines()
        held = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
        return bool(int(held, 16) >> CAP_NET_ADMIN & 1)
    except (OSError, ValueError, IndexError):
        return False


def opens_netlink() -> bool:
    """Whether a socket to netfilter can be made: a service may be denied the whole address family."""
    try:
        with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)):
            return True
    except (OSError, AttributeError):
        return False


async def nft_version(runner: Runner) -> str:
    """As the program tells it, such as ``v1.0.6``; empty where it cannot be run."""
    try:
        told = await runner.run(["nft", "--version"], timeout=TIMEOUT)
    except ProgramFailed:
        return ""
    words = told.stdout.decode("ascii", errors="replace").split()
    return next((word for word in words if word.startswith("v") and word[1:2].isdigit()), "")
