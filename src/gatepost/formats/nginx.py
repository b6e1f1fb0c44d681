"""nginx: lines for the inside of a ``geo`` block."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity


class Nginx(Format):
    """``geo $allowed { default 0; include FILE; }`` makes the variable 1 for listed addresses.

    Use ``if ($allowed = 0) { return 403; }``: ``allow`` and ``deny`` do not guard a ``return``.
    Reference: https://nginx.org/en/docs/http/ngx_http_geo_module.html
    """

    name = "nginx"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """``CIDR 1;`` a line."""
        return lines(f"{value_text(prefix)} 1;" for prefix in prefixes(edition.entries))
