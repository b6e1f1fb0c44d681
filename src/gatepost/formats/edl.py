"""External dynamic list: addresses alone, for devices that refuse a mixed list."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity


class Edl(Format):
    """What PAN-OS (type IP list) reads: one type of entry, a length on every line."""

    name = "edl"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Prefixes alone."""
        return lines(map(value_text, prefixes(edition.entries)))
