"""A person and a device who use the server until it is no more, and note what it acknowledged."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

from httpx2 import Client, HTTPError

from crashing.ledger import OK, SESSIONS, Ledger, device
from crashing.site import FEED, PASSWORD, USER

APPROVED_OF_TEN = 7


@dataclass
class Person:
    """Logs in, decides about what is held, and logs out."""

    url: str
    ledger: Ledger
    lots: random.Random
    wanted: frozenset[str]
    """What the source says now, for the ledger once it is decided about."""

    def turn(self) -> None:
        """One login and what follows; raises HTTPError when the server is gone."""
        with Client(base_url=self.url, timeout=30, headers={"origin": self.url}) as client:
            told = client.post("/login", json={"user": USER, "password": PASSWORD})
            if told.status_code != OK:
                self.ledger.lose("login", "refused with", told.status_code)
                return
            csrf = told.json()["csrf"]
            cookie = "=".join(next(iter(client.cookies.items())))
            self.ledger.logins[cookie] = csrf
            self.ledger.acknowledged["login"] += 1
            for held in client.get("/v1/plans").json()["held"]:
                self._decide(client, held["digest"], csrf)
        if len(self.ledger.logins) > SESSIONS:
            self._leave()

    def _decide(self, client: Client, digest: str, csrf: str) -> None:
        word = "approve" if self.lots.randrange(10) < APPROVED_OF_TEN else "reject"
        why = f"word {self.lots.getrandbits(64):016x}"
        place = f"/v1/plans/{digest}/{word}"
        if client.post(place, json={"why": why}, headers={"x-csrf-token": csrf}).status_code != OK:
            return  # decided, and no longer held
        self.ledger.words.append((word, digest, why))
        self.ledger.acknowledged["word"] += 1
        if word == "approve":
            self.ledger.approved, self.ledger.rejected = self.wanted, None
        elif self.ledger.approved is None:
            self.ledger.rejected = self.wanted

    def _leave(self) -> None:
        """The oldest login ends; while nobody has heard that it did, it may be either."""
        cookie = next(iter(self.ledger.logins))
        csrf = self.ledger.logins.pop(cookie)
        name, _, value = cookie.partition("=")
        headers = {"origin": self.url, "x-csrf-token": csrf}
        with Client(base_url=self.url, timeout=30, cookies={name: value}, headers=headers) as client:
            if client.post("/logout", json={}).status_code == OK:
                self.ledger.logouts.append(cookie)
                self.ledger.acknowledged["logout"] += 1


@dataclass
class Device:
    """Fetches the list."""

    url: str
    ledger: Ledger

    def turn(self) -> None:
        """Once; raises HTTPError when the server is gone."""
        with device(self.url) as client:
            self.ledger.read(client.get(FEED))


def busy(turn: Callable[[], None]) -> threading.Thread:
    """Begin to take turns, until the server is gone."""

    def go() -> None:
        try:
            while True:
                turn()
        except HTTPError:
            return

    thread = threading.Thread(target=go)
    thread.start()
    return thread
