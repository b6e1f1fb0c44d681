"""Feishu's custom bot as a channel."""

from __future__ import annotations

import pytest

from gatepost.errors import CredentialsRejected, GatepostError, HostRefused
from gatepost.kit.secret import Secret
from gatepost.notify.feishu_bot import FeishuBotOptions
from rigs.channels import feishu_bot
from rigs.notifiers import message, texts

pytestmark = pytest.mark.anyio


async def test_signed_and_with_its_keyword(tmp_path):
    """A bot that asks for a signature and a keyword gets both."""
    async with feishu_bot.rig(tmp_path, "card") as rig:
        await rig.send(message())
        assert texts(rig.arrived()[0]).count("门房") == 1


async def test_a_wrong_signing_secret(tmp_path):
    """A wrong signing secret is the owner's to mend: not tried again in haste, and not shown."""
    async with feishu_bot.rig(tmp_path, "card") as rig:
        (tmp_path / "sign").write_text("canary-wrong-secret")
        with pytest.raises(GatepostError) as caught:
            await rig.send(message())
    assert not caught.value.transient
    assert "canary" not in f"{caught.value!r}{vars(caught.value)}"


async def test_a_bot_that_was_removed(tmp_path):
    """A webhook that is gone is the owner's to mend."""
    async with feishu_bot.rig(tmp_path, "card") as rig:
        rig.emulator.state.apps["feishu"][feishu_bot.HOOK].enabled = False
        with pytest.raises(CredentialsRejected):
            await rig.send(message())


async def test_only_at_the_platform(tmp_path):
    """A webhook elsewhere gets nothing, and its address is in no error."""
    async with feishu_bot.rig(tmp_path, "card") as rig:
        (tmp_path / "hook").write_text("https://evil.example/hook-canary")
        with pytest.raises(HostRefused) as caught:
            await rig.send(message())
    assert "canary" not in caught.value.message


def test_a_long_keyword():
    """A keyword that is a text is refused."""
    with pytest.raises(ValueError, match="keyword"):
        FeishuBotOptions(url=Secret("x"), keyword="x" * 61)
