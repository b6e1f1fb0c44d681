"""Who changes our sets: the kernel tells everybody who listens the program behind each transaction."""

from __future__ import annotations

import errno
from collections import deque
from contextlib import suppress
from weakref import finalize

from gatepost.errors import NetlinkFailed
from gatepost.kit.netlink import Opener, Wire
from gatepost.kit.netlink_messages import answers
from gatepost.kit.nftables_answers import Following, Transaction
from gatepost.kit.nftables_messages import GROUP
from gatepost.targets._nft import Place

TOLD_MAX = 20
"""The latest of others' changes that are kept."""


class Watch:
    """Begins when first asked to follow; until then it opens no socket."""

    def __init__(self, place: Place, opener: Opener) -> None:
        """``opener`` as the kernel's other questions use it."""
        self._place = place
        self._opener = opener
        self._wire: Wire | None = None
        self._following = Following()
        self._ports: deque[int] = deque(maxlen=TOLD_MAX)
        self._told: deque[str] = deque(maxlen=TOLD_MAX)
        self._wrote = False
        """Whether a change of our own may be what the kernel had too much of to tell."""

    def ours(self, port: int) -> None:
        """What comes from this socket is our own change."""
        self._ports.append(port)
        self._wrote = True

    def follow(self) -> None:
        """Take what has been told so far; often enough, so that the kernel need not drop any."""
        with suppress(OSError, NetlinkFailed):  # without the right to listen nobody is suspected
            self._open()
            self._take()
            self._wrote = False

    def told(self) -> tuple[str, ...]:
        """One sentence for each change of our sets by others since the last of ours, oldest first."""
        if self._wire is not None:
            self.follow()
        return tuple(self._told)

    def _open(self) -> None:
        if self._wire is None:
            self._wire = self._opener(groups=(GROUP,))
            finalize(self, self._wire.close)

    def _take(self) -> None:
        while self._wire is not None:
            try:
                data = self._wire.receive(0)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._following = Following()
                if not self._wrote:
                    self._told.append(
                        "others changed so much at once that the kernel could not tell all of it"
                    )
                continue
            if data is None:
                return
            for answer in answers(data):
                self._judge(self._following.take(answer))

    def _judge(self, made: Transaction | None) -> None:
        if made is None:
            return
        names = sorted(each.name for each in made.sets if each.table == self._place.table)
        touched = [name for name in names if name in self._place.names]
        if made.port in self._ports and touched:
            self._told.clear()
        elif touched:
            who = made.generation
            self._told.append(
                f"{who.program or 'a program'} (process {who.process}) changed {', '.join(touched)}"
            )
