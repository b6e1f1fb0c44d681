"""F5 BIG-IP AFM: a feed list of IP intelligence."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, prefixes, value_text
from gatepost.model.address import Prefix
from gatepost.model.plan import Capabilities, Granularity


class F5(Format):
    """What a BIG-IP AFM feed list reads: ``address,mask,wl,``, which lets in; a category is for others.

    Reference: https://techdocs.f5.com/kb/en-us/products/big-ip-afm/manuals/product/big-ip-afm-getting-started-14-1-0/04.html
    """

    name = "f5"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """One prefix a line, in four fields."""
        return lines(map(_row, prefixes(edition.entries)))


def _row(prefix: Prefix) -> str:
    address, _, length = value_text(prefix).partition("/")
    return f"{address},{length},wl,"
