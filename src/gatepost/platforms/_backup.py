"""A second host of the platform's own, asked once where the first cannot be reached."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from gatepost.errors import ConnectFailed, TlsFailed
from gatepost.kit.reply import Json, Reply, Value
from gatepost.kit.secret import Secret
from gatepost.platforms.base import Platform


class TwoHosts(Platform):
    """A client whose platform documents a backup host (for an outage, or a hijacked name)."""

    @property
    @abstractmethod
    def backup(self) -> str | None:
        """Base URL to ask second; None where the owner named the host."""

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Value] | None = None,
        headers: Mapping[str, str | Secret] | None = None,
        json: Json = None,
    ) -> Reply:
        """As :meth:`Platform.ask`; the first host's error is raised where both fail so."""
        try:
            return await super().ask(method, path, params=params, headers=headers, json=json)
        except (ConnectFailed, TlsFailed) as error:
            if self.backup is None:
                raise
            first = error
        try:
            url = self.backup + path
            return await self.http.request(method, url, params=params, headers=headers, json=json)
        except (ConnectFailed, TlsFailed):
            raise first from None
