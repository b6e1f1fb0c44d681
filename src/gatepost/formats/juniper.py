"""Junos: a feed of addresses for ``dynamic-address``."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity


class Juniper(Format):
    """What SRX reads as ``security dynamic-address feed-server … feed-name … path``: a mask on every line.

    Reference: https://www.juniper.net/documentation/us/en/software/junos/cli-reference/topics/ref/statement/dynamic-address.html
    """

    name = "juniper"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Prefixes alone, hosts with their ``/32`` or ``/128``."""
        return lines(map(value_text, prefixes(edition.entries)))
