"""Messages no faster than a platform takes them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from gatepost.kit.clock import Clock
from gatepost.notify.base import Rate


class Pace:
    """Keeps rates: in any span of a rate's seconds at most its number of messages go out."""

    def __init__(self, rates: Iterable[Rate], clock: Clock) -> None:
        """Nothing was sent yet."""
        self._clock = clock
        self._sent = {rate: deque[float](maxlen=rate.messages) for rate in rates}

    async def turn(self) -> None:
        """Wait until the next message may go out, and count it."""
        while (wait := self._wait()) > 0:
            await self._clock.sleep(wait)
        for moments in self._sent.values():
            moments.append(self._clock.monotonic())

    def _wait(self) -> float:
        now = self._clock.monotonic()
        full = ((rate, moments) for rate, moments in self._sent.items() if len(moments) == rate.messages)
        return max((moments[0] + rate.seconds - now for rate, moments in full), default=0.0)
