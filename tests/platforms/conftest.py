"""Fixtures of the Feishu tests; the other clients' tests bring their own."""

from __future__ import annotations

import pytest

from gatepost.platforms import Feishu
from platforms.feishu_script import ACCOUNT, CUSTOM, TOKEN, Script, reply


@pytest.fixture
def script():
    """A platform that gives a token, and else knows no path."""
    token = {"code": 0, "msg": "ok", "tenant_access_token": TOKEN, "expire": 7200}
    return Script().on(CUSTOM, reply(token))


@pytest.fixture
def feishu(script, clock):
    """Opens a client of the script."""

    def make(account=ACCOUNT, platform=Feishu, **more):
        return platform.open(account, clock=clock, transport=script.transport, **more)

    return make
