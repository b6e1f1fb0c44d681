"""FortiGate: addresses for an external resource of type *address*."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity

ENTRIES_MOST = 131_072
"""What releases before 7.4.4 read of a list; they cut off the rest in silence."""


class Fortinet(Format):
    """What FortiGate reads as a threat feed of type *IP address*; its cap is that of older releases.

    Reference: https://docs.fortinet.com/document/fortigate/7.4.4/administration-guide/379433
    """

    name = "fortinet"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(max_entries=ENTRIES_MOST, granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """One prefix a line. Raises ValueError where the device would cut the list off."""
        found = [*prefixes(edition.entries)]
        most = self.capabilities.max_entries
        if len(found) > most:
            msg = f"{len(found)} addresses are more than the {most} that a FortiGate reads"
            raise ValueError(msg)
        return lines(map(value_text, found))
