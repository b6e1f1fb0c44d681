"""WeCom's and WeChat's callbacks: official vectors, and everything near them refused."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest

from callbacks.vectors import AES_KEY, CORP, ENCRYPTED, OFFICIAL, OFFICIAL_ECHO, THEN, TOKEN
from gatepost.callbacks.wechat import WeChat
from gatepost.callbacks.wecom import WeCom, tells_of_change
from gatepost.callbacks.weixin import sign
from gatepost.errors import CallbackRefused, ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming
from rigs.weixin import CHANGED, post, query, seal


def wecom(**options) -> WeCom:
    given = {"token": Secret(TOKEN), "encoding_aes_key": Secret(AES_KEY), "receiver": CORP, **options}
    return WeCom(**given)


def wechat(**options) -> WeChat:
    return WeChat(**{"token": Secret(TOKEN), "encoding_aes_key": Secret(AES_KEY), "appid": CORP, **options})


def test_the_official_message_is_read():
    """The documented request of WeCom gives its text."""
    received = wecom().read(OFFICIAL, THEN)
    assert received.fields["Content"] == "hello"
    assert received.fields["ToUserName"] == CORP
    assert received.id == received.fields["MsgId"]
    assert wecom().is_signed(OFFICIAL)
    assert wechat().read(OFFICIAL, THEN) == received


@pytest.mark.parametrize("encoded", [True, False])
def test_the_official_echo_is_answered_plain(encoded):
    """The documented check of an address wants the number inside, and nothing around it."""
    text = OFFICIAL_ECHO.query if encoded else OFFICIAL_ECHO.query.replace(b"%2B", b"+")
    assert wecom().read(Incoming("GET", text, ()), THEN).answer == "1616140317555161061"


def test_every_changed_byte_of_what_is_signed_is_refused():
    """Signature, timestamp, nonce and the encrypted text: no byte can change."""
    start = OFFICIAL.body.index(ENCRYPTED.encode())
    for place in range(start, start + len(ENCRYPTED)):
        body = bytearray(OFFICIAL.body)
        body[place] ^= 1
        assert not wecom().is_genuine(Incoming("POST", OFFICIAL.query, (), bytes(body)), THEN)
    for place in range(len(OFFICIAL.query)):
        text = OFFICIAL.query[:place] + bytes([OFFICIAL.query[place] ^ 1]) + OFFICIAL.query[place + 1 :]
        assert not wecom().is_genuine(Incoming("POST", text, (), OFFICIAL.body), THEN)
    for place in range(len(OFFICIAL_ECHO.query)):
        text = (
            OFFICIAL_ECHO.query[:place]
            + bytes([OFFICIAL_ECHO.query[place] ^ 1])
            + OFFICIAL_ECHO.query[place + 1 :]
        )
        assert not wecom().is_genuine(Incoming("GET", text, ()), THEN)


def test_the_event_that_a_list_changed_is_known():
    """``change_domain_ip`` carries no list: it is a hint to fetch, once."""
    received = wecom().read(post(seal(CHANGED.encode())), THEN)
    assert tells_of_change(received)
    assert received.id == "sys:1409659813:security:change_domain_ip"
    assert not tells_of_change(wecom().read(OFFICIAL, THEN))


def test_a_message_for_another_is_refused():
    """The right key and signature, and another CorpID inside."""
    for receiver in ("wx0000000000000000", "", CORP + "x", CORP[:-1]):
        with pytest.raises(CallbackRefused, match="receiver"):
            wecom().read(post(seal(b"<xml><a>b</a></xml>", receiver)), THEN)


@pytest.mark.parametrize(
    "sealed",
    [seal(b"x", length=2**32 - 1), seal(b"x", length=20), seal(b"x", pad=33), seal(b"x", pad=255),
     seal(b"<xml><a>b</a></xml>", fill=0), "", "A",
     "AAAA", base64.b64encode(bytes(32)).decode(), ENCRYPTED[:-4], "?" + ENCRYPTED],
    ids=["4 GiB", "beyond its end", "pad of 33", "pad of 255", "uneven pad", "empty", "a letter", "a block",
         "zeros", "cut", "no base64"],
)  # fmt: skip
def test_what_lies_about_its_length_is_refused(sealed):
    """Though rightly signed: padding, inner length and alphabet are checked."""
    assert not wecom().is_genuine(post(sealed), THEN)


@pytest.mark.parametrize(("off", "genuine"), [(0, True), (3_600, True), (3_601, False), (-3_601, False)])
def test_a_recorded_request_stops_working(off, genuine):
    """A signature is good for an hour to both sides."""
    assert wecom().is_genuine(OFFICIAL, THEN + off) is genuine
    assert wecom(window=5.0).is_genuine(OFFICIAL, THEN + 6) is False


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_a_parameter_that_is_missing_or_doubled_is_refused(name):
    """Each exactly once."""
    pairs = OFFICIAL.query.decode().split("&")
    without = "&".join(pair for pair in pairs if not pair.startswith(name))
    again = next(pair for pair in pairs if pair.startswith(name))
    doubled = ["&".join([*pairs, more]) for more in (again, f"{name}=1")]
    for text in (without, without + f"&{name}=", *doubled, "&".join(pairs) + "&a=1" * 60):
        assert not wecom().is_genuine(Incoming("POST", text.encode(), (), OFFICIAL.body), THEN)


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "get"])
def test_other_methods_are_refused(method):
    """GET tries an address, POST delivers: there is nothing else."""
    assert not wecom().is_genuine(Incoming(method, OFFICIAL.query, (), OFFICIAL.body), THEN)
    assert not wechat().is_genuine(Incoming(method, OFFICIAL.query, (), OFFICIAL.body), THEN)


XML_BOMB = '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'


@pytest.mark.parametrize(
    "xml",
    [XML_BOMB, '<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>b</a></xml>',
     '<!DOCTYPE xml [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><xml><a>b</a></xml>',
     "<?php x?><xml><a>b</a></xml>", "<xml><!-- c --><a>b</a></xml>", "<xml><a>b</a><a>c</a></xml>",
     "<xml a='1'><b>c</b></xml>", "<html><a>b</a></html>", "<xml/>", "<xml>text</xml>", "<xml><a>b</xml>",
     "<xml><a>b</a></xml><xml><a>b</a></xml>", "<xml>text<a>b</a></xml>", "<a>" * 20 + "</a>" * 20,
     "<xml>" + "<a>b</a>" * 3_000 + "</xml>", "<xml><a>&undefined;</a></xml>", "<xml><a>\x01</a></xml>", "",
     '<?xml version="1.0" encoding="utf-16"?><xml><a>b'],
)  # fmt: skip
def test_xml_holds_elements_and_texts_only(xml):
    """Document types, entities, instructions, comments, attributes, doubles and depth are refused."""
    assert not wecom().is_genuine(post(seal(xml.encode())), THEN)
    assert not wechat(encoding_aes_key=None).is_genuine(plain("POST", body=xml.encode()), THEN)


def test_nested_xml_is_read():
    """Events of menus have elements below elements, and some of them several times."""
    xml = "<xml><Event>e</Event><Pics><Count>2</Count><i><m>1</m></i><i><m>&lt;2</m></i><i/></Pics></xml>"
    fields = wecom().read(post(seal(xml.encode())), THEN).fields
    assert fields["Pics"] == {"Count": "2", "i": [{"m": "1"}, {"m": "<2"}, ""]}


def test_json_is_read_where_the_app_was_set_to_it():
    """Mini programs may be sent JSON instead of XML."""
    sealed = seal(b'{"MsgId": 7, "Content": "hello"}')
    body = b'{"ToUserName":"x","Encrypt":"' + sealed.encode() + b'"}'
    received = wechat().read(Incoming("POST", query(sealed), (), body), THEN)
    assert (received.fields["Content"], received.id) == ("hello", "7")


def plain(method: str, body: bytes = b"", **others: str) -> Incoming:
    """WeChat's plain mode: the signature is over token, timestamp and nonce."""
    signature = sign(TOKEN, "1409659813", "42")
    given = {"signature": signature, "timestamp": "1409659813", "nonce": "42", **others}
    return Incoming(method, urlencode(given).encode(), (), body)


def test_wechats_plain_mode():
    """An address is tried with a plain echo in every mode; plain messages only where no key is set."""
    for callback in (wechat(), wechat(encoding_aes_key=None)):
        assert (
            callback.read(plain("GET", echostr="5837397520665436492"), THEN).answer == "5837397520665436492"
        )
        assert callback.is_signed(plain("GET"))
        for echo in ("", "<script>", "x" * 300, "é"):
            assert not callback.is_genuine(plain("GET", echostr=echo), THEN)
        assert not callback.is_genuine(plain("GET", echostr="1", nonce="43"), THEN)
        assert not callback.is_genuine(plain("GET", echostr="1"), THEN + 4_000)
    body = b"<xml><FromUserName>u</FromUserName><CreateTime>1</CreateTime><Event>e</Event></xml>"
    assert wechat(encoding_aes_key=None).read(plain("POST", body), THEN).id == "u:1:e:"
    assert not wechat().is_genuine(plain("POST", body), THEN)


def test_in_compatible_mode_only_the_encrypted_part_is_read():
    """Plain elements beside the encrypted one are not signed, and not believed."""
    sealed = seal(b"<xml><Content>genuine</Content></xml>")
    body = f"<xml><Content>forged</Content><Encrypt>{sealed}</Encrypt></xml>".encode()
    both = query(sealed, signature=sign(TOKEN, "1409659813", "1372623149"))
    assert wechat().read(Incoming("POST", both, (), body), THEN).fields == {"Content": "genuine"}


@pytest.mark.parametrize("key", ["", "short", AES_KEY + "A", AES_KEY[:-1] + "?", "é" * 43])
def test_a_key_that_is_none_is_refused_at_once(key):
    """And the message does not repeat it."""
    with pytest.raises(ConfigInvalid, match="43 characters") as refused:
        wecom(encoding_aes_key=Secret(key))
    assert not key or key not in str(refused.value)


def test_nothing_to_compare_with_is_refused_at_once():
    """Without a receiver any app of the platform could send; without a token anybody."""
    with pytest.raises(ConfigInvalid, match="CorpID"):
        wecom(receiver="")
    with pytest.raises(ConfigInvalid, match="Token"):
        wechat(token=Secret(""))


def test_wechatpy_reads_what_we_seal_here():
    """The rig that these tests encrypt with is understood by a client that others wrote."""
    from wechatpy.crypto import PrpCrypto  # noqa: PLC0415 - slow to import

    crypto = PrpCrypto(base64.b64decode(AES_KEY + "="))
    assert crypto.decrypt(seal(b"<xml>hi</xml>").encode(), CORP) == "<xml>hi</xml>"
