"""CSV with everything a list knows in fields of fixed form."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, value_text
from gatepost.model.address import Prefix
from gatepost.model.entry import Entry
from gatepost.model.plan import Capabilities, Granularity


class Csv(Format):
    """RFC 4180 but for its bare line feeds; no field can start a spreadsheet formula or need quotes."""

    name = "csv"
    media_type = "text/csv; charset=utf-8; header=present"
    capabilities = Capabilities(domains=True, ports=True, granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """``value,type,protocol,ports,necessary``; several port ranges are separated by spaces."""
        return lines(["value,type,protocol,ports,necessary", *map(_row, edition.entries)])


def _row(entry: Entry) -> str:
    ports = " ".join(f"{first:d}-{last:d}" for first, last in entry.ports)
    kind = "prefix" if isinstance(entry.value, Prefix) else "domain"
    necessary = "" if entry.necessary is None else str(entry.necessary).lower()
    return f"{value_text(entry.value)},{kind},{entry.protocol or ''},{ports},{necessary}"
