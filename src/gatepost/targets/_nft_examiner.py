"""Reads the ruleset of a network namespace by ``nft``, and what is around it, and has it examined."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gatepost.errors import ProgramFailed, TargetUnavailable
from gatepost.kit.process import Runner
from gatepost.model.entry import Direction
from gatepost.model.finding import Finding, Severity
from gatepost.targets._nft import Place
from gatepost.targets._nft_openings import present, uplinks
from gatepost.targets._nft_outline import Outline
from gatepost.targets._nft_ruleset import Around, examine
from gatepost.targets._nft_telling import finding

PROC = Path("/proc/self/net")


@dataclass(frozen=True, slots=True)
class Examiner:
    """Of one place."""

    place: Place
    runner: Runner
    timeout: float
    """Seconds for each run of ``nft``."""
    proc: Path = PROC
    """Where the kernel names the tables of the legacy iptables, the devices and the routes."""

    async def findings(self, direction: Direction) -> tuple[Finding, ...]:
        """Raises TargetUnavailable."""
        try:
            outline = Outline.read(await self._listed("-t", "list", "ruleset"))
            if ("inet", self.place.table) in outline.dormant:
                message = f"table inet {self.place.table} is dormant: none of its rules is asked"
                return (finding("dormant", message),)
            listing = await self._awake(outline)
        except ProgramFailed as error:
            return (finding("unexamined", error.message, Severity.NOTE),)
        around = Around(legacy_tables(self.proc), uplinks(self.proc), present(self.proc))
        return examine(listing, self.place, direction, around)

    async def _awake(self, outline: Outline) -> bytes:
        """Without tables that are dormant, whose chains do nothing, and whose flags nft 1.0.6 garbles."""
        if not outline.dormant:
            return await self._listed("-j", "list", "ruleset")
        awake = [table for table in outline.tables if table not in outline.dormant]
        return joined([await self._listed("-j", "list", "table", *table) for table in awake])

    async def _listed(self, *arguments: str) -> bytes:
        listed = await self.runner.run(["nft", *arguments], timeout=self.timeout)
        if listed.code:
            msg = f"the ruleset cannot be read: {listed.words}"
            raise TargetUnavailable(msg)
        return listed.stdout


class _Listing(msgspec.Struct):
    nftables: list[msgspec.Raw]


def joined(listings: Sequence[bytes]) -> bytes:
    """Several listings in JSON as one; raises TargetUnavailable for what is none."""
    try:
        objects = [each for one in listings for each in msgspec.json.decode(one, type=_Listing).nftables]
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = "nft gave no listing of a table that gatepost can read"
        raise TargetUnavailable(msg) from None
    return msgspec.json.encode(_Listing(objects))


def legacy_tables(proc: Path) -> tuple[str, ...]:
    """Tables that the legacy iptables holds in this namespace; none where the kernel does not tell."""
    found: list[str] = []
    for name in ("ip_tables_names", "ip6_tables_names"):
        with suppress(OSError, UnicodeDecodeError):
            found += [f"{name.partition('_')[0]} {each}" for each in (proc / name).read_text("ascii").split()]
    return tuple(found)
