"""An emulator whose clock stands still, asked in-process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx2
import pytest

from gatepost.emulator.app import Emulator


@dataclass
class Asker:
    """Speaks to the emulator as curl would: no code of the clients."""

    http: httpx2.AsyncClient

    FEISHU: ClassVar = {"app_id": "cli_a1b2c3d4e5f60001", "app_secret": "feishu-demo-app-secret-0000001"}
    LARK: ClassVar = {"app_id": "cli_b1b2c3d4e5f60001", "app_secret": "lark-demo-app-secret-000000001"}
    STORE: ClassVar = {"app_id": "cli_a1b2c3d4e5f60002", "app_secret": "feishu-demo-app-secret-0000002"}
    WECHAT: ClassVar = {"appid": "wxa1b2c3d4e5f60001", "secret": "wechat-demo-app-secret-0000000001"}
    WECOM: ClassVar = {"corpid": "wwa1b2c3d4e5f60001", "corpsecret": "wecom-demo-corp-secret-000001"}
    CHAT_KEY = "c0ffee00d15ea5e0" * 4

    async def __call__(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """One request."""
        return await self.http.request(method, path, **options)

    async def json(self, method: str, path: str, **options: Any) -> Any:
        """One request; its answer's JSON."""
        return (await self(method, path, **options)).json()

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """One request of the control API, which must succeed."""
        reply = await self(method, f"/_emulator/{path}", json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def feishu_token(self, platform: str = "feishu") -> dict[str, str]:
        """Headers with a tenant token."""
        app = self.FEISHU if platform == "feishu" else self.LARK
        path = f"/{platform}/open-apis/auth/v3/tenant_access_token/internal"
        token = (await self.json("POST", path, json=app))["tenant_access_token"]
        return {"Authorization": f"Bearer {token}"}

    async def wechat_token(self) -> str:
        """A stable token."""
        body = {"grant_type": "client_credential", **self.WECHAT}
        return (await self.json("POST", "/wechat/cgi-bin/stable_token", json=body))["access_token"]

    async def wecom_token(self) -> str:
        """A token."""
        return (await self.json("GET", "/wecom/cgi-bin/gettoken", params=self.WECOM))["access_token"]

    async def chat(self, usersig: str, *, body: bytes = b"{}", **changed: Any) -> Any:
        """One GetIPList; ``changed`` replaces parameters."""
        query = {
            "sdkappid": 1400000000,
            "identifier": "administrator",
            "usersig": usersig,
            "random": 99999999,
            "contenttype": "json",
            "nettype": 6,
        }
        reply = await self("POST", "/chat/v4/ConfigSvc/GetIPList", params=query | changed, content=body)
        assert reply.status_code == 200
        return reply.json()


@pytest.fixture
def emulator(clock) -> Emulator:
    """All platforms, at 2026-01-05 08:00 UTC, standing still."""
    return Emulator(clock, seed="tests")


@pytest.fixture
async def ask(emulator) -> AsyncIterator[Asker]:
    """In-process, no socket."""
    transport = httpx2.ASGITransport(app=emulator)
    async with httpx2.AsyncClient(transport=transport, base_url="http://emulator") as http:
        yield Asker(http)
