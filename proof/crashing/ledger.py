"""What the server said was done: the next one must know of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from httpx2 import Client, Response

from crashing.site import FEED, TOKEN, USER, Site

SESSIONS = 8
"""Logins of one person that are still asked for: the server keeps twenty."""
OK, UNAUTHORISED, NOT_YET = 200, 401, 503


@dataclass
class Ledger:
    """Everything acknowledged so far, and what was lost of it."""

    logins: dict[str, str] = field(default_factory=dict)
    """Cookies, and the tokens that go with them."""
    logouts: list[str] = field(default_factory=list)
    words: list[tuple[str, str, str]] = field(default_factory=list)
    """Word, digest and reason."""
    approved: frozenset[str] | None = None
    """A list that must come to be served."""
    rejected: frozenset[str] | None = None
    """A list that must not."""
    serial: int = 0
    tags: dict[int, str] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def lose(self, what: str, *more: object) -> None:
        """Count it, and tell the first of them."""
        self.lost[what] += 1
        self.told.append(f"{what}: {' '.join(map(str, more))}"[:300])

    def read(self, reply: Response) -> frozenset[str]:
        """Entries of a feed: never empty, never of another tag, never older, never two of one serial."""
        if reply.status_code == NOT_YET and not self.tags:
            return frozenset()
        if reply.status_code != OK or not reply.content:
            self.lose("feed", "answered", reply.status_code)
            return frozenset()
        self.acknowledged["feed"] += 1
        tag, serial = reply.headers["etag"].strip('"'), int(reply.headers["gatepost-serial"])
        if tag != sha256(reply.content).hexdigest() or self.tags.setdefault(serial, tag) != tag:
            self.lose("feed", "body and tag differ at serial", serial)
        if serial < self.serial:
            self.lose("feed", "serial", serial, "after", self.serial)
        self.serial = max(serial, self.serial)
        return frozenset(reply.text.split())

    def judge(self, site: Site, url: str, lists: set[frozenset[str]]) -> None:
        """A server that has just begun, against all that those before it acknowledged."""
        if not site.is_history_sound():
            self.lose("history", "integrity")
        if site.held_by_the_file() not in {*lists, frozenset()}:
            self.lose("file", "neither list", sorted(site.held_by_the_file())[:3])
        if self.tags:
            with device(url) as client:
                self.read(client.get(FEED))
        self._judge_sessions(url)

    def _judge_sessions(self, url: str) -> None:
        for cookie in self.logins:
            reply = _as(url, cookie, "/v1/session")
            if reply.status_code != OK or reply.json()["user"] != USER:
                self.lose("login", reply.status_code)
        for cookie in self.logouts[-SESSIONS:]:
            if _as(url, cookie, "/v1/session").status_code != UNAUTHORISED:
                self.lose("logout", "the session is back")
        if self.logins and self.words:
            known = _as(url, next(reversed(self.logins)), "/v1/audit")
            there = known.json().get("words", []) if known.status_code == OK else []
            found = {(one["word"], one["digest"], one["why"]) for one in there}
            for word in self.words:
                if word not in found:
                    self.lose("word", word[2])


def device(url: str) -> Client:
    """What fetches the list; as it is, since the tag is of what is sent."""
    return Client(base_url=url, auth=("fw1", TOKEN), timeout=30, headers={"accept-encoding": "identity"})


def _as(url: str, cookie: str, path: str) -> Response:
    name, _, value = cookie.partition("=")
    with Client(base_url=url, cookies={name: value}, timeout=30) as client:
        return client.get(path)
