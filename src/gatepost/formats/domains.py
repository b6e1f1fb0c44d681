"""Domains alone, one a line, for devices that refuse a mixed list."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, domains, lines, value_text
from gatepost.model.plan import Capabilities, Granularity


class Domains(Format):
    """What PAN-OS (type domain list) reads: ``name`` is the name alone, ``*.name`` every name below it."""

    name = "domains"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(families=frozenset(), domains=True, granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """Domains alone."""
        return lines(map(value_text, domains(edition.entries)))
