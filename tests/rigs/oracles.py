"""Clients that others wrote, at the emulator's address: the official SDK of Feishu, and wechatpy.

They are imported when the first test needs them: the SDK alone takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio.from_thread

from gatepost.emulator.app import Emulator
from gatepost.emulator.serve import serving


@contextmanager
def served_apart(emulator: Emulator) -> Iterator[str]:
    """The emulator, served by a thread of its own: these clients block. Gives its address."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serving(emulator)) as url,
    ):
        yield url


def lark(origin: str, app_id: str, app_secret: str) -> Any:
    """The official SDK of Feishu and Lark, with no tokens of an emulator that this process had before."""
    import lark_oapi  # noqa: PLC0415 - slow, see above
    from lark_oapi.core.token import TokenManager  # noqa: PLC0415 - as above
    from lark_oapi.ws import client  # noqa: PLC0415 - as above

    client.loop.close()  # made on import and never closed
    TokenManager.cache.cache.clear()
    builder = lark_oapi.Client.builder().domain(origin).app_id(app_id).app_secret(app_secret)
    return builder.log_level(lark_oapi.LogLevel.ERROR).build()


def lark_decrypt(encrypt_key: str, text: str) -> str:
    """An event's ciphertext, decrypted by the official SDK of Feishu and Lark."""
    from lark_oapi.core.utils import AESCipher  # noqa: PLC0415 - slow, see above
    from lark_oapi.ws import client  # noqa: PLC0415 - as above

    if not client.loop.is_closed():
        client.loop.close()  # made on import and never closed
    return str(AESCipher(encrypt_key).decrypt_str(text))


def wechatpy(origin: str, appid: str, secret: str) -> Any:
    """The client of WeChat's official accounts."""
    from wechatpy import WeChatClient  # noqa: PLC0415 - see above

    class Client(WeChatClient):
        """At the emulator's address."""

        API_BASE_URL = f"{origin}/wechat/cgi-bin/"

        def fetch_access_token(self) -> Any:
            query = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(url=f"{self.API_BASE_URL}token", params=query)

    return Client(appid, secret)


def wechatpy_work(origin: str, corpid: str, corpsecret: str) -> Any:
    """Its client of WeCom."""
    from wechatpy.enterprise import WeChatClient  # noqa: PLC0415 - see above

    class Client(WeChatClient):
        """At the emulator's address."""

        API_BASE_URL = f"{origin}/wecom/cgi-bin/"

        def fetch_access_token(self) -> Any:
            query = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(url=f"{self.API_BASE_URL}gettoken", params=query)

    return Client(corpid, corpsecret)
