"""HAProxy: a file of addresses for an ACL, and one for a map."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, list_text, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity


class Haproxy(Format):
    """``acl allowed src -f FILE``.

    Reference: https://docs.haproxy.org/2.6/configuration.html#7.1
    """

    name = "haproxy"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """One prefix a line."""
        return lines(map(value_text, prefixes(edition.entries)))


class HaproxyMap(Format):
    """``http-request set-var(txn.list) src,map_ip(FILE)``: the list's name, so that logs say why.

    Reference: https://docs.haproxy.org/2.6/configuration.html#map
    """

    name = "haproxy-map"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """``CIDR list-name`` a line."""
        name = list_text(edition.list)
        return lines(f"{value_text(prefix)} {name}" for prefix in prefixes(edition.entries))
