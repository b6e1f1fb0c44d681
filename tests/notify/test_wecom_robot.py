"""WeCom's message robot as a channel."""

from __future__ import annotations

import pytest

from gatepost.errors import ConfigInvalid, HostRefused
from rigs.channels import wecom_robot
from rigs.notifiers import message

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "url",
    [
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary&key=b",
        "https://u:canary@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=canary",
        "https://qyapi.weixin.qq.com/canary",
        "canary",
        "https://[canary",
    ],
)
async def test_no_address_of_a_robot(tmp_path, url):
    """What is no robot's address is refused, and not repeated."""
    async with wecom_robot.rig(tmp_path, "text") as rig:
        (tmp_path / "robot").write_text(url)
        with pytest.raises(ConfigInvalid) as caught:
            await rig.send(message())
    assert "canary" not in f"{caught.value!r}{vars(caught.value)}"


async def test_only_at_the_platform(tmp_path):
    """A robot elsewhere gets nothing, and its key is in no error."""
    async with wecom_robot.rig(tmp_path, "text") as rig:
        (tmp_path / "robot").write_text("https://evil.example/cgi-bin/webhook/send?key=canary-key")
        with pytest.raises(HostRefused) as caught:
            await rig.send(message())
    assert "canary" not in f"{caught.value!r}{vars(caught.value)}"


async def test_a_robot_that_was_removed(tmp_path):
    """A robot that is gone is the owner's to mend."""
    async with wecom_robot.rig(tmp_path, "markdown") as rig:
        rig.emulator.state.apps["wecom"][wecom_robot.KEY].enabled = False
        with pytest.raises(Exception, match="93000") as caught:
            await rig.send(message())
        assert not caught.value.transient
