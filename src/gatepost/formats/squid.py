"""Squid: a file of addresses for an ACL."""

from __future__ import annotations

from gatepost.formats.base import Edition, Format, lines, prefixes, value_text
from gatepost.model.plan import Capabilities, Granularity


class Squid(Format):
    """``acl platform dst "FILE"`` (or ``src``).

    Domains are left out: ``dstdomain`` has no form for the names below a
    domain without the domain itself, and a list is never widened.
    Reference: https://www.squid-cache.org/Doc/config/acl/
    """

    name = "squid"
    media_type = "text/plain; charset=utf-8"
    capabilities = Capabilities(granularity=Granularity.FILE)

    def render(self, edition: Edition) -> bytes:
        """One prefix a line."""
        return lines(map(value_text, prefixes(edition.entries)))
