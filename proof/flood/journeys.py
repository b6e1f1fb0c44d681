"""Rows in which the installed program runs: at boot, against a lock-out, and where nobody confirms one."""

from __future__ import annotations

import time
from dataclasses import replace

from stage.namespaces import Namespace, Unready

from flood.installed import Installed, installed
from flood.lists import lists
from flood.network import ADMIN, ALLOWED, Network, network
from flood.rows import Row, flooded, observed

WITHIN = 5
"""Seconds to confirm: the fewest that gatepost takes."""
SLACK = 20
"""Seconds more that taking back may take on a machine under load."""
UNPLUGGED = "add chain inet judge cable { type filter hook prerouting priority -400; policy drop; }"
"""Drops everything before it is counted as arrived."""


def booted(entries: int, boots: int, *, restore_first: bool) -> Row:
    """The kernel forgets, the owner's file brings empty sets, ``gatepost restore`` fills them."""
    with network() as net, installed(net.server, lists(entries)[0]) as here:
        with flooded(net):
            for _ in range(boots):
                boot(here, net.server, restore_first=restore_first)
        counts = {name: replace(count, sent=count.arrived) for name, count in net.counts().items()}
    order = "gatepost restore, then the network" if restore_first else "the network, then gatepost restore"
    return Row(f"boot: {order}", entries, boots, counts, None, (), loses=not restore_first)


def boot(here: Installed, server: Namespace, *, restore_first: bool) -> None:
    """Once."""
    server.run("nft", UNPLUGGED)
    here.power_off()
    here.load_ruleset()
    if restore_first:
        here.run("restore")
    server.run("nft", "delete", "chain", "inet", "judge", "cable")
    if not restore_first:
        here.run("restore")


def cut(entries: int, times: int, *, protected: bool) -> Row:
    """An exclusion takes the admin off the list, and it is applied."""
    with network() as net, installed(net.server, lists(entries)[0]) as here:
        here.configure(protected=(ADMIN,) if protected else (), excluded=ADMIN)
        with flooded(net) as flood:
            for _ in range(times):
                here.run("apply", "--yes", exits=3 if protected else 0)
        counts = net.counts()
    who = "protected: the plan is refused" if protected else "not protected"
    return Row(
        f"apply that excludes the admin, {who}", entries, times, counts, flood.longest_ms, (), not protected
    )


def unconfirmed(entries: int) -> Row:
    """An exclusion takes the allowed client off the list; nobody confirms it."""
    with network() as net, installed(net.server, lists(entries)[0]) as here:
        here.configure(excluded=ALLOWED)
        with flooded(net) as flood:
            here.run("apply", "--yes", "--confirm-within", f"{WITHIN}s")
            taken_back(net)
        row = Row(
            "apply --confirm-within, unconfirmed", entries, 1, net.counts(), flood.longest_ms, (), loses=True
        )
    row.notes.append(f"the lock-out was given {WITHIN} s and taken back after {flood.longest_ms / 1e3:.1f} s")
    if not WITHIN * 1e3 / 2 < flood.longest_ms < (WITHIN + SLACK) * 1e3:
        row.faults.append("the lock-out did not end in its time")
    return row


def taken_back(net: Network) -> None:
    """Wait until the first list is there again and packets show it; raises Unready if that does not come."""
    began = time.monotonic()
    while observed(net).generation < 3:  # noqa: PLR2004 - the list, the lock-out, the list again
        if time.monotonic() - began > WITHIN + SLACK:
            msg = "an unconfirmed change was not taken back"
            raise Unready(msg)
    accepted = net.counts()[ALLOWED.name].accepted
    while net.counts()[ALLOWED.name].accepted == accepted:
        if time.monotonic() - began > WITHIN + 2 * SLACK:
            msg = "taken back, and still locked out"
            raise Unready(msg)
