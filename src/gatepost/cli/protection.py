"""The protected set in words, as ``gatepost doctor`` lists it."""

from __future__ import annotations

from gatepost.cli.language import _
from gatepost.engine import protecting
from gatepost.engine.site import Site
from gatepost.errors import cut
from gatepost.model.entry import Direction
from gatepost.planning.protect import WHY_SHOWN


async def protected_lines(site: Site) -> list[str]:
    """One line for each reason, with all values; then what should be protected and has no known address."""
    gathered = await protecting.gather(site)
    groups: dict[tuple[str, Direction | None], list[str]] = {}
    for one in gathered.protected:
        groups.setdefault((one.why, one.direction), []).append(str(one.value))
    lines = [
        f"{', '.join(values)}: {_why(site, why)}" + (f" ({_(direction.value)})" if direction else "")
        for (why, direction), values in groups.items()
    ]
    return lines + [
        _("{what}: {why}; no address is known, so none is protected").format(
            what=one.text, why=_why(site, one.why)
        )
        for one in gathered.unknown
    ]


def _why(site: Site, why: str) -> str:
    """What is ours in the chosen language; the owner's own words, and names after a comma, as they are."""
    ours, comma, name = why.partition(", ")
    known = {
        protecting.SESSION: _("the SSH session that runs this"),
        protecting.CONTROL_PLANE: _("the store's server"),
        protecting.DNS: _("a name server of this host"),
        protecting.NTP: _("a time server of this host"),
    }
    known |= {f"account {name}": _("account {name}").format(name=name) for name in site.settings.accounts}
    known |= {f"source {name}": _("source {name}").format(name=name) for name in site.settings.sources}
    return cut(f"{known[ours]}{comma}{name}" if ours in known else why, WHY_SHOWN)
