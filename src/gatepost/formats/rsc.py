"""MikroTik RouterOS: a script for ``/import`` that changes an address list without emptying it."""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.formats.base import Edition, Format, lines, list_text, prefixes, value_text
from gatepost.model.address import Family, Prefix
from gatepost.model.plan import Capabilities, Granularity

MENUS = {Family.V4: "/ip firewall address-list", Family.V6: "/ipv6 firewall address-list"}


class Rsc(Format):
    """What RouterOS imports: the address list ``gatepost-NAME``, each family in its own menu.

    What is wanted is added, or marked anew where it is there, with the serial as
    comment; then what bears an older serial goes, if all that is wanted is there.
    So no moment is without entries, and a script that was cut off removes nothing.
    Entries have no ``timeout``: those would be lost at a restart.
    Reference: https://help.mikrotik.com/docs/spaces/ROS/pages/130220087/Address-lists
    """

    name = "rsc"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Both families, or the one that the edition is for."""
        families = Family if edition.family is None else (edition.family,)
        return lines(line for family in families for line in _family(edition, family))


def _family(edition: Edition, family: Family) -> Iterator[str]:
    name, mark = f"gatepost-{list_text(edition.list)}", f"gatepost {int(edition.serial)}"
    wanted = [each for each in prefixes(edition.entries) if each.family is family]
    yield MENUS[family]
    for prefix in wanted:
        one = f"list={name} address={_address(prefix)}"
        there = f'[find where list="{name}" and address="{_address(prefix)}"]'
        yield f':do {{ add {one} comment="{mark}" }} on-error={{ set {there} comment="{mark}" }}'
    counted = f'[:len [find where list="{name}" and comment="{mark}"]] = {len(wanted)}'
    stale = f'[find where list="{name}" and comment~"^gatepost " and comment!="{mark}"]'
    complaint = f':log error "{name}: not every address was taken, so none was removed"'
    yield f":if ({counted}) do={{ remove {stale} }} else={{ {complaint} }}"


def _address(prefix: Prefix) -> str:
    """As the router itself writes it: an IPv4 host without its length."""
    text = value_text(prefix)
    return text.removesuffix("/32") if prefix.family is Family.V4 else text
