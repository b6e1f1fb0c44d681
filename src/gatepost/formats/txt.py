"""Plain text: one prefix or domain a line, nothing else."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, value_text
from gatepost.model.plan import Capabilities, Granularity


class Txt(Format):
    """What scripts, FortiGate, Check Point, OPNsense and pfSense read: prefixes first, then domains."""

    name = "txt"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(domains=True, granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Every value once."""
        return lines(dict.fromkeys(value_text(entry.value) for entry in edition.entries))
