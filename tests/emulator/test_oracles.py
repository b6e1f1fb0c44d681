"""Clients that others wrote, against the emulator on a port: where they succeed, it behaves as they know it.

They are imported when the first test needs them: the SDK alone takes seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from gatepost.emulator.app import Emulator
from gatepost.emulator.journal import shape
from rigs import oracles

ADA = "ou_c99c5f35d542efc7ee492afe11af19ef"
CHAT = "oc_5ad11d72b830411d72b836c20"


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """One for the module: the SDK keeps its tokens for the process."""
    return Emulator()


@pytest.fixture(scope="module")
def origin(emulator) -> Iterator[str]:
    """Where it is."""
    with oracles.served_apart(emulator) as url:
        yield url


@pytest.fixture(scope="module")
def lark(origin):
    return oracles.lark(origin, "cli_a1b2c3d4e5f60001", "feishu-demo-app-secret-0000001")


@pytest.fixture(autouse=True)
def fresh_journal(emulator) -> None:
    """Each test reads its own requests."""
    emulator.journal.clear()


def test_lark_sdk_reads_the_outbound_ips(lark, emulator):
    """The official SDK reads all pages of the outbound IP list."""
    from lark_oapi.api.event.v1 import ListOutboundIpRequest  # noqa: PLC0415 - slow, see above

    token, listed, more = None, [], True
    while more:
        builder = ListOutboundIpRequest.builder().page_size(50)
        reply = lark.event.v1.outbound_ip.list((builder.page_token(token) if token else builder).build())
        assert reply.success(), reply.msg
        assert reply.get_log_id()
        listed += reply.data.ip_list
        token, more = reply.data.page_token, reply.data.has_more
    assert listed == emulator.state.lists["feishu"]["outbound_ip"].values
    assert len(emulator.journal.of("feishu", "/open-apis/event/v1/outbound_ip")) == 2


def test_lark_sdk_sends_a_message(lark, emulator):
    """The official SDK sends a text; the emulator has it, and the SDK its id."""
    from lark_oapi.api.im.v1 import CreateMessageRequest, CreateMessageRequestBody  # noqa: PLC0415 - slow

    content = json.dumps({"text": "hello"})
    body = (
        CreateMessageRequestBody.builder()
        .receive_id(CHAT)
        .msg_type("text")
        .content(content)
        .uuid("u-1")
        .build()
    )
    request = CreateMessageRequest.builder().receive_id_type("chat_id").request_body(body).build()
    reply = lark.im.v1.message.create(request)
    assert reply.success(), reply.msg
    assert reply.data.message_id.startswith("om_")
    assert emulator.state.messages[-1]["content"] == {"text": "hello"}
    sent = shape(emulator.journal.of("feishu", "/open-apis/im/v1/messages")[0])
    assert sent.query == ("receive_id_type",)
    assert sent.body == {"content": "str", "msg_type": "str", "receive_id": "str", "uuid": "str"}


def test_lark_sdk_gets_a_user(lark):
    """The official SDK reads a person; ungranted fields are absent."""
    from lark_oapi.api.contact.v3 import GetUserRequest  # noqa: PLC0415 - slow, see above

    reply = lark.contact.v3.user.get(GetUserRequest.builder().user_id(ADA).user_id_type("open_id").build())
    assert reply.success(), reply.msg
    assert (reply.data.user.open_id, reply.data.user.name) == (ADA, "张三")
    assert reply.data.user.email is None


def test_lark_sdk_understands_refusals(lark, emulator):
    """The official SDK reads code, message, log id and violations of a refusal."""
    from lark_oapi.api.event.v1 import ListOutboundIpRequest  # noqa: PLC0415 - slow, see above

    app = emulator.state.apps["feishu"]["cli_a1b2c3d4e5f60001"]
    scopes, app.scopes = app.scopes, []
    reply = lark.event.v1.outbound_ip.list(ListOutboundIpRequest.builder().build())
    app.scopes = scopes
    assert (reply.success(), reply.code) == (False, 99991672)
    assert reply.get_log_id() == reply.raw.headers["X-Tt-Logid"]


def test_wechatpy_reads_the_callback_ips(origin, emulator):
    """The wechatpy client gets a token and the callback ranges, duplicates and all."""
    from wechatpy import WeChatClient  # noqa: PLC0415 - see above

    class Client(WeChatClient):
        """At the emulator's address."""

        API_BASE_URL = f"{origin}/wechat/cgi-bin/"

        def fetch_access_token(self):
            query = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(url=f"{self.API_BASE_URL}token", params=query)

    client = Client("wxa1b2c3d4e5f60001", "wechat-demo-app-secret-0000000001")
    assert len(client.misc.get_wechat_ips()) == 20
    for token in emulator.state.tokens.of(emulator.state.apps["wechat"]["wxa1b2c3d4e5f60001"]):
        token.revoked = True
    assert len(client.misc.get_wechat_ips()) == 20
    codes = [(entry.path.rpartition("/")[2], entry.code) for entry in emulator.journal.of("wechat")]
    assert codes == [
        ("token", 0),
        ("getcallbackip", 0),
        ("getcallbackip", 40001),
        ("token", 0),
        ("getcallbackip", 0),
    ]


def test_wechatpy_speaks_to_wecom(origin, emulator):
    """Its WeCom client gets a token, the callback ranges, and sends a text."""
    from wechatpy.enterprise import WeChatClient  # noqa: PLC0415 - see above

    class Client(WeChatClient):
        """At the emulator's address."""

        API_BASE_URL = f"{origin}/wecom/cgi-bin/"

        def fetch_access_token(self):
            query = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(url=f"{self.API_BASE_URL}gettoken", params=query)

    client = Client("wwa1b2c3d4e5f60001", "wecom-demo-corp-secret-000001")
    listed = client.misc.get_wechat_ips()
    assert listed == emulator.state.lists["wecom"]["callback_ip"].values
    assert client.message.send_text(1000002, ["zhangsan"], "hello")["errcode"] == 0
    assert emulator.state.messages[-1]["content"]["content"] == "hello"


def test_tls_sig_api_signs_for_chat(origin, emulator):
    """A UserSig of the vendor's package opens GetIPList; one of another key, or past its time, does not."""
    import requests  # noqa: PLC0415 - see above
    from TLSSigAPIv2 import TLSSigAPIv2  # noqa: PLC0415 - see above

    key = emulator.state.apps["chat"]["1400000000"].secrets[0]
    signer, stranger = TLSSigAPIv2(1400000000, key), TLSSigAPIv2(1400000000, key[::-1])
    codes = []
    for sig in (
        signer.gen_sig("administrator", 300),
        signer.gen_sig_with_userbuf("administrator", 300, b"abc"),
        stranger.gen_sig("administrator", 300),
        signer.gen_sig("administrator", -1),
    ):
        query = {"sdkappid": 1400000000, "identifier": "administrator", "usersig": sig, "random": 1}
        query |= {"contenttype": "json", "nettype": 6}
        reply = requests.post(f"{origin}/chat/v4/ConfigSvc/GetIPList", params=query, json={}, timeout=5)
        codes.append(reply.json()["ErrorCode"])
    assert codes == [0, 0, 70009, 70001]
