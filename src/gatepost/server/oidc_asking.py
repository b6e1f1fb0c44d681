"""What is asked of the login provider while somebody waits: bounded in all, silent about what was said."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import anyio

from gatepost.errors import FetchError
from gatepost.kit.http import Http, Reply, Value, decode
from gatepost.kit.reply import T
from gatepost.kit.secret import Secret
from gatepost.refusals import ProviderFailed


class Asking:
    """The requests of one login: one deadline, one kind of error, no word of what was sent or answered."""

    def __init__(self, http: Http, within: float) -> None:
        self._http, self._within, self._end = http, within, 0.0

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        self._end = anyio.current_time() + self._within
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def document(
        self, method: str, place: str, type_: type[T], headers: Mapping[str, str | Secret] | None = None
    ) -> T:
        """What is at a place, with status 200. Raises ProviderFailed."""
        reply = await self.reply(method, place, headers=headers)
        if reply.status != 200:  # noqa: PLR2004 - OK
            msg = f"the provider answered {reply.status} at {reply.url}"
            raise ProviderFailed(msg)
        return self.read(reply, type_)

    async def reply(
        self,
        method: str,
        place: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        form: Mapping[str, Value] | None = None,
    ) -> Reply:
        """Raises ProviderFailed."""
        told = {"accept": "application/json", **(headers or {})}
        try:
            with anyio.fail_after(max(0.0, self._end - anyio.current_time())):
                return await self._http.request(method, place, headers=told, form=form)
        except TimeoutError:
            failure = ProviderFailed(f"the provider did not answer within {self._within:g} s")
        except FetchError as error:
            failure = ProviderFailed(f"the provider cannot be asked: {error.message}")
        raise failure

    @staticmethod
    def read(reply: Reply, type_: type[T]) -> T:
        """Strictly; nothing of what it says is told, it may hold tokens. Raises ProviderFailed."""
        try:
            return decode(reply, type_)
        except FetchError as error:
            failure = ProviderFailed(f"the provider's answer at {reply.url} cannot be read ({error.kind})")
        raise failure
