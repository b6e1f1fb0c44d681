"""`gatepost run` killed with SIGKILL while people decide and a device fetches: what it said was done, is.

``python proof/crashes.py``; ``--help`` lists the sizes that can be chosen. Each round begins with a
changed list (every second one is held by a guard), and ends by a kill at a moment drawn by lot,
sometimes before the server has come up. The next server must know every login, logout and word that
the ones before acknowledged, serve the list at once, never an older version and never another body
of the same, and carry out what was approved. Rounds with an older folder put back after the kill
must be seen to lose something: that is how the instrument is known to see it. Exit 1 where any of
this is otherwise.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from threading import Event

from crashing.crowd import Device, Person, busy
from crashing.ledger import Ledger, device
from crashing.site import FEED, PATIENCE, Service, Site, keep
from stage.table import machine, show

BASE = [f"101.226.{n}.0/26" for n in range(20)]
PAUSE = Event()
"""Never set: waiting for it lets others go on."""
AT_BIRTH, LIVES = 0.3, 3.0
"""Of the kills, those before it has come up; and seconds that others live at most."""


def list_of(number: int) -> frozenset[str]:
    """Of a round: most of it goes, or comes back; one entry is of this round alone."""
    return frozenset([*(BASE[:6] if number % 2 else BASE), f"101.227.{number % 256}.0/26"])


class Rounds:
    """One after the other, on one site."""

    def __init__(self, site: Site, lots: random.Random) -> None:
        self.site, self.lots, self.ledger = site, lots, Ledger()
        self.number, self.kills, self.lists = 0, 0, set[frozenset[str]]()

    def turn(self, *, heard: bool = False) -> None:
        """Another list, unless what was approved is still to be seen; the servers of it, and their ends.

        ``heard``: the last server ends only after somebody was told of a login.
        """
        if self.ledger.approved is None:
            self.number += 1
            self.lists.add(list_of(self.number))
            self.site.configure(sorted(list_of(self.number)))
        if self.kills and self.lots.random() < AT_BIRTH:
            self._kill_at_birth()
        service = self.site.start()
        try:
            url = service.wait_until_served()
            self.ledger.judge(self.site, url, self.lists)
            self._see_what_was_decided(url)
            self._use(url, service, heard=heard)
        finally:
            service.kill()
        self.kills += 1

    def _kill_at_birth(self) -> None:
        service = self.site.start()
        PAUSE.wait(self.lots.uniform(0, LIVES))
        service.kill()
        self.kills += 1

    def _use(self, url: str, service: Service, *, heard: bool) -> None:
        wanted, before = list_of(self.number), self.ledger.acknowledged["login"]
        crowd = [busy(Person(url, self.ledger, self.lots, wanted).turn), busy(Device(url, self.ledger).turn)]
        PAUSE.wait(self.lots.uniform(0.05, LIVES))
        while heard and self.ledger.acknowledged["login"] == before:
            PAUSE.wait(0.05)
        service.kill()
        for each in crowd:
            each.join()

    def _see_what_was_decided(self, url: str) -> None:
        """An approval that was acknowledged is carried out, by whichever server; a rejection stays one."""
        with device(url) as client:
            wanted, end = self.ledger.approved, time.monotonic() + PATIENCE
            while wanted is not None and self.ledger.read(client.get(FEED)) != wanted:
                if time.monotonic() > end:
                    self.ledger.lose("approval", "was not carried out")
                    break
                PAUSE.wait(0.1)
            self.ledger.acknowledged["approval"] += wanted is not None
            refused = self.ledger.rejected
            if refused is not None and refused == self.ledger.read(client.get(FEED)):
                self.ledger.lose("rejection", "was carried out")
            self.ledger.acknowledged["rejection"] += refused is not None
        self.ledger.approved = self.ledger.rejected = None


def rounds_of(kind: str, number: int, seed: int) -> dict[str, object]:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "site"
        folder.mkdir()
        rounds = Rounds(Site(folder), random.Random(seed))
        for done in range(number):
            if kind == PUT_BACK and done % 3 == 1:
                put_back = keep(rounds.site)
                rounds.turn(heard=True)
                put_back()
            rounds.turn()
            if sys.stderr.isatty():
                print(f"\r{kind}: {done + 1} of {number}", end="", file=sys.stderr)
        ledger = rounds.ledger
    for one in ledger.told[:5]:
        print(f"{kind}: {one}", file=sys.stderr)
    seen = {f"{name}s": ledger.acknowledged[name] for name in ACKNOWLEDGED}
    return {"kind": kind, "kills": rounds.kills, **seen, "lost": ledger.lost.total(), "which": which(ledger)}


def which(ledger: Ledger) -> str:
    """What was lost, by name."""
    return ", ".join(f"{name} {count}" for name, count in sorted(ledger.lost.items()))


ACKNOWLEDGED = ("login", "logout", "word", "approval", "rejection", "feed")
AS_IT_IS, PUT_BACK = "as it is", "an older folder put back"


def main() -> int:
    """Both rows; what is claimed of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument(
        "--planted", type=int, default=12, help="rounds with an older folder put back at times"
    )
    parser.add_argument("--seed", type=int, default=20_260_114)
    told = parser.parse_args()
    whole = rounds_of(AS_IT_IS, told.rounds, told.seed)
    planted = rounds_of(PUT_BACK, told.planted, told.seed)
    print(f"\n{machine()}\n")
    show([whole, planted])
    good = not whole["lost"] and bool(planted["lost"])
    print(f"\nnothing that was acknowledged is lost: {'yes' if good else 'NO'}")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
