"""Messages and people."""

from __future__ import annotations

import json

import pytest

from gatepost.errors import (
    RequestRejected,
    UsageError,
)
from gatepost.platforms.feishu import Card, Post, Text
from platforms.feishu_script import (
    SEND,
    USER,
    reply,
)

pytestmark = pytest.mark.anyio


SENT = {
    "code": 0,
    "msg": "success",
    "data": {"message_id": "om_1", "msg_type": "text", "create_time": "1615380573411"},
}


@pytest.mark.parametrize(
    ("content", "kind", "inner"),
    [
        (Text('héllo\n"x"'), "text", {"text": 'héllo\n"x"'}),
        (
            Post("T", [[{"tag": "text", "text": "a"}]]),
            "post",
            {"zh_cn": {"title": "T", "content": [[{"tag": "text", "text": "a"}]]}},
        ),
        (
            Card({"schema": "2.0", "body": {"elements": []}}),
            "interactive",
            {"schema": "2.0", "body": {"elements": []}},
        ),
    ],
)
async def test_messages(feishu, script, content, kind, inner):
    """Content goes out as a JSON document in a string; a post without an outer "post"."""
    script.on(SEND, reply(SENT))
    async with feishu() as client:
        assert (await client.send_message("oc_1", content, uuid="u-1")).message_id == "om_1"
    (body,) = script.bodies(SEND)
    assert script.asked(SEND)[0].url.params["receive_id_type"] == "chat_id"
    assert isinstance(body["content"], str)
    assert json.loads(body.pop("content")) == inner
    assert body == {"receive_id": "oc_1", "msg_type": kind, "uuid": "u-1"}


async def test_retried_message_is_sent_once(feishu, script):
    """A retry carries the same uuid, so the platform sends one message."""
    script.on(SEND, reply({"code": 230049, "msg": "being sent"}, 400), reply(SENT))
    async with feishu() as client:
        await client.send_message("oc_1", Text("x"))
        await client.send_message("oc_1", Text("x"))
    first, again, other = (body["uuid"] for body in script.bodies(SEND))
    assert first == again != other
    assert len(first) <= 50


async def test_long_uuid_is_refused_here(feishu):
    """A uuid of more than 50 characters is refused before anything is sent."""
    async with feishu() as client:
        with pytest.raises(UsageError):
            await client.send_message("oc_1", Text("x"), uuid="u" * 51)
        assert client.requests == 0


async def test_user(feishu, script):
    """A person comes with the fields that the app's scopes allow; the others are None."""
    script.on(
        USER,
        reply({"code": 0, "msg": "success", "data": {"user": {"open_id": "ou_1", "name": "A", "new": 1}}}),
    )
    async with feishu() as client:
        user = await client.get_user("ou_1")
    assert (user.open_id, user.name, user.email) == ("ou_1", "A", None)
    assert str(script.asked(USER)[0].url).endswith("users/ou_1?user_id_type=open_id")


async def test_user_id_stays_one_path_part(feishu, script):
    """An id cannot leave its place in the path."""
    async with feishu() as client:
        with pytest.raises(RequestRejected):
            await client.get_user("../../im/v1/messages?x=")
    assert script.seen[-1].url.raw_path.startswith(b"/open-apis/contact/v3/users/..%2F..%2Fim")
