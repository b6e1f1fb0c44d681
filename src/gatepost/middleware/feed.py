"""A list at a URL: a gatepost server's feed, or any of that form. Only what changed is sent."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import anyio

from gatepost.errors import ConfigInvalid, ListUnavailable
from gatepost.gate.listing import Listing
from gatepost.kit.clock import SystemClock
from gatepost.kit.reply import HttpSettings, Reply
from gatepost.kit.secret import Secret, bearer
from gatepost.middleware.reading import BYTES_MAX, read_listing

_OK, _NOT_MODIFIED = 200, 304


class FeedOrigin:
    """Over https, or http to loopback; to the URL's own host and no other, never redirected."""

    every = 60.0
    is_local = False

    def __init__(
        self, url: str, name: str | None = None, *, token: Secret | None = None, ca_file: Path | None = None
    ) -> None:
        """``token``: this consumer's, where the server asks for one. Raises ConfigInvalid for no URL."""
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname or not url.isascii():
            msg = "a feed is https://host/path in ASCII, or http:// to loopback"
            raise ConfigInvalid(msg)
        if parts.username is not None:
            msg = "a feed's URL holds no login: give its token by reference, such as env:FEED_TOKEN"
            raise ConfigInvalid(msg)
        self.place = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._url = url
        self._name = name
        self._authorization = None if token is None else bearer(token)
        hosts = frozenset({parts.hostname.lower()})
        self._settings = HttpSettings(hosts, max_body=BYTES_MAX, ca_file=ca_file)
        self._tag: str | None = None

    def look(self, *, whole: bool) -> Listing | None:
        """As :class:`Origin` says. The tag is that of a list that could be read, or none."""
        reply = anyio.run(self._ask, None if whole else self._tag)
        if reply.status == _NOT_MODIFIED:
            return None
        if reply.status != _OK:
            msg = f"{self.place} answered {reply.status}"
            raise ListUnavailable(msg, code=reply.status)
        listing = read_listing(reply.body, self.place, self._name)
        self._tag = reply.headers.get("etag")
        return listing

    async def _ask(self, tag: str | None) -> Reply:
        from gatepost.kit.http import Http  # noqa: PLC0415 - loads the HTTP library

        headers: dict[str, str | Secret] = {} if tag is None else {"if-none-match": tag}
        if self._authorization is not None:
            headers["authorization"] = self._authorization
        async with Http(self._settings, SystemClock()) as http:
            return await http.request("GET", self._url, headers=headers)
