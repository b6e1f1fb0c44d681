"""Apprise as a channel: an extra that tells nothing of its address."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gatepost.errors import ConfigInvalid, PlatformBusy
from rigs.channels import apprise
from rigs.notifiers import held, message

pytestmark = pytest.mark.anyio


async def test_type_of_message(tmp_path):
    """The message's type is the event's tone, so that a service colours it."""
    async with apprise.rig(tmp_path, "text") as rig:
        await rig.send(message())
        await rig.send(message(held()))
        assert [one["type"] for one in rig.arrived()] == ["info", "warning"]


@pytest.mark.parametrize("url", ["canary", "nosuch://canary", "", "json://"])
async def test_no_service(tmp_path, url):
    """What apprise knows no service for is the configuration's fault, and is not repeated."""
    async with apprise.rig(tmp_path, "text") as rig:
        (tmp_path / "url").write_text(url or " ")
        with pytest.raises(ConfigInvalid) as caught:
            await rig.send(message())
    assert "canary" not in f"{caught.value!r}{vars(caught.value)}"


async def test_silent_about_its_address(tmp_path, caplog, capfd):
    """Whatever fails, neither log nor output holds the address."""
    caplog.set_level(1)
    async with apprise.rig(tmp_path, "text") as rig:
        rig.receiver.status = 500
        with pytest.raises(PlatformBusy):
            await rig.send(message())
    out, err = capfd.readouterr()
    assert apprise.PASSWORD not in f"{caplog.text}{out}{err}"


def test_not_loaded_without_need():
    """The library is loaded when something is sent by it, not with the configuration."""
    code = "import sys, gatepost.notify.apprise; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
