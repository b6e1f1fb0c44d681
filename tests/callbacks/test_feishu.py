"""Feishu's and Lark's events: signed, encrypted, fresh, or refused."""

from __future__ import annotations

import base64
import hashlib
import json
import os

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gatepost.callbacks.feishu import Feishu, sign
from gatepost.errors import CallbackRefused, ConfigInvalid
from gatepost.kit.secret import Secret
from gatepost.model.incoming import Incoming

KEY = Secret("test key")
TOKEN = Secret("v-token")
NOW = 1_700_000_000.0
EVENT = {
    "schema": "2.0",
    "header": {
        "event_id": "5e3702a84e847582be8db7fb73283c02",
        "token": "v-token",
        "event_type": "im.message",
    },
    "event": {"text": "你好"},
}


def seal(plain: bytes, key: Secret = KEY, iv: bytes | None = None) -> str:
    """As Feishu encrypts."""
    pad = 16 - len(plain) % 16
    iv = iv or os.urandom(16)
    aes = Cipher(algorithms.AES256(hashlib.sha256(key.reveal().encode()).digest()), modes.CBC(iv)).encryptor()
    return base64.b64encode(iv + aes.update(plain + bytes([pad]) * pad) + aes.finalize()).decode()


def post(body: bytes, timestamp: str = "1700000000", nonce: str = "nonce123", signature: str | None = None):
    """A request as Feishu signs it."""
    signature = sign(timestamp, nonce, KEY, body) if signature is None else signature
    headers = (
        (b"content-type", b"application/json;charset=utf-8"),
        (b"x-lark-request-timestamp", timestamp.encode()),
        (b"x-lark-request-nonce", nonce.encode()),
        (b"x-lark-signature", signature.encode()),
    )
    return Incoming("POST", b"", headers, body)


def wrapped(document: object) -> bytes:
    return json.dumps({"encrypt": seal(json.dumps(document).encode())}).encode()


def feishu(**options) -> Feishu:
    return Feishu(encrypt_key=KEY, verification_token=TOKEN, **options)


def test_the_official_vector_decrypts():
    """The documented ciphertext of ``hello world`` is decrypted; as no JSON object it is no event."""
    from gatepost.callbacks.aes import decrypt, unbase64  # noqa: PLC0415 - what the callback uses inside

    data = unbase64("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=")
    key = hashlib.sha256(b"test key").digest()
    assert key.hex() == "fa2bdca424f01f01ffb48df93acc35d439c7fd331a1a7fba6ac2fd83aa9ab31a"
    assert decrypt(key, data[:16], data[16:], 16) == b"hello world"
    body = b'{"encrypt":"P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="}'
    assert sign("1700000000", "nonce123", KEY, body) == (
        "669e3ed5328644f71370e3249f96af0fd17e5ed4d7b178c44f11f7997339e344"
    )
    with pytest.raises(CallbackRefused, match="JSON"):
        feishu().read(post(body), NOW)


def test_an_event_is_read_with_its_id():
    """A signed and encrypted event gives its members, and an id to act once by."""
    received = feishu().read(post(wrapped(EVENT)), NOW)
    assert received.fields["event"] == {"text": "你好"}
    assert received.id == "5e3702a84e847582be8db7fb73283c02"
    assert received.answer is None
    old = {"uuid": "u1", "token": "v-token", "type": "event_callback", "event": {}}
    assert feishu().read(post(wrapped(old)), NOW).id == "u1"
    assert feishu().is_genuine(post(wrapped(EVENT)), NOW)
    assert feishu().is_signed(post(b""))


@pytest.mark.parametrize("encrypted", [True, False])
def test_the_challenge_is_answered_without_a_signature(encrypted):
    """Feishu tries an address before it signs: the answer is the challenge alone, as JSON."""
    document = {"challenge": "ajls384kdjxxxx", "token": "v-token", "type": "url_verification"}
    body = wrapped(document) if encrypted else json.dumps(document).encode()
    callback = feishu() if encrypted else Feishu(verification_token=TOKEN)
    received = callback.read(Incoming("POST", b"", (), body), NOW)
    assert json.loads(received.answer or "") == {"challenge": "ajls384kdjxxxx"}


@pytest.mark.parametrize("challenge", ["", "x" * 1_025, 7, None])
def test_an_odd_challenge_is_not_sent_back(challenge):
    """What is sent back is one bounded text."""
    document = {"challenge": challenge, "token": "v-token", "type": "url_verification"}
    with pytest.raises(CallbackRefused, match="challenge"):
        feishu().read(Incoming("POST", b"", (), wrapped(document)), NOW)


def test_every_changed_byte_of_the_body_is_refused():
    """The signature covers the body as it came: no byte can change."""
    good = post(wrapped(EVENT))
    for place in range(len(good.body)):
        for bit in (1, 0x20, 0x80):
            body = bytearray(good.body)
            body[place] ^= bit
            with pytest.raises(CallbackRefused):
                feishu().read(Incoming("POST", b"", good.headers, bytes(body)), NOW)


@pytest.mark.parametrize("line", [1, 2, 3])
def test_every_changed_byte_of_the_signature_is_refused(line):
    """Timestamp, nonce and signature: no byte of them can change either."""
    good = post(wrapped(EVENT))
    name, value = good.headers[line]
    for place in range(len(value)):
        changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        headers = (*good.headers[:line], (name, changed), *good.headers[line + 1 :])
        assert not feishu().is_genuine(Incoming("POST", b"", headers, good.body), NOW)


@pytest.mark.parametrize("line", [1, 2, 3])
def test_a_header_of_the_signature_that_is_missing_or_doubled_is_refused(line):
    """Exactly one of each: which of two would count?"""
    good = post(wrapped(EVENT))
    missing = good.headers[:line] + good.headers[line + 1 :]
    for headers in (missing, (*good.headers, good.headers[line])):
        with pytest.raises(CallbackRefused):
            feishu().read(Incoming("POST", b"", headers, good.body), NOW)


@pytest.mark.parametrize(
    ("off", "genuine"), [(0, True), (3_600, True), (-3_600, True), (3_601, False), (-3_601, False)]
)
def test_a_recorded_request_stops_working(off, genuine):
    """A signature is good for the window, an hour by default, to both sides of its time."""
    assert feishu().is_genuine(post(wrapped(EVENT)), NOW + off) is genuine
    assert feishu(window=60).is_genuine(post(wrapped(EVENT)), NOW + off) is (off == 0)


@pytest.mark.parametrize(
    "timestamp", ["", "-1", "1.7e9", "1700000000.0", "１700000000", "9" * 13, "+1700000000"]
)
def test_a_time_that_is_no_number_is_refused(timestamp):
    """Though it is signed: seconds are digits."""
    body = wrapped(EVENT)
    signature = hashlib.sha256(f"{timestamp}nonce123test key".encode() + body).hexdigest()
    headers = post(body).headers
    headers = (*headers[:1], (b"x-lark-request-timestamp", timestamp.encode()), headers[2],
               (b"x-lark-signature", signature.encode()))  # fmt: skip
    assert not feishu().is_genuine(Incoming("POST", b"", headers, body), NOW)


def test_another_apps_event_is_refused():
    """Right key, another Verification Token; and a token alone where a key is demanded."""
    other = {**EVENT, "header": {**EVENT["header"], "token": "another"}}
    with pytest.raises(CallbackRefused, match="verification token"):
        feishu().read(post(wrapped(other)), NOW)
    for body in (json.dumps(EVENT).encode(), wrapped([]), b"[]", b"", b"\xff", b"<xml/>", b'{"encrypt":7}'):
        assert not feishu().is_genuine(post(body), NOW)
    plain = Feishu(verification_token=TOKEN)
    assert plain.is_genuine(Incoming("POST", b"", (), json.dumps(EVENT).encode()), NOW)
    assert not plain.is_genuine(Incoming("POST", b"", (), json.dumps(other).encode()), NOW)
    assert not plain.is_genuine(Incoming("POST", b"", (), b'{"type":"event_callback"}'), NOW)
    assert plain.is_signed(Incoming("POST", b"", ()))


def test_an_unsigned_event_is_refused_even_if_it_decrypts():
    """Encryption alone has no check sum: without a signature only the challenge is read."""
    with pytest.raises(CallbackRefused, match="no signature"):
        feishu().read(Incoming("POST", b"", (), wrapped(EVENT)), NOW)
    assert not feishu().is_signed(Incoming("POST", b"", ()))


def test_an_altered_challenge_never_becomes_an_event():
    """Whoever alters an encrypted challenge gets at most another challenge sent back, and no event."""
    document = {"challenge": "ajls384kdjxxxx", "token": "v-token", "type": "url_verification"}
    data = base64.b64decode(seal(json.dumps(document).encode(), iv=bytes(16)))
    read = 0
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        body = json.dumps({"encrypt": base64.b64encode(changed).decode()}).encode()
        try:
            received = feishu().read(Incoming("POST", b"", (), body), NOW)
        except CallbackRefused:
            continue
        read += 1
        assert received.answer is not None
    assert read < 20


@pytest.mark.parametrize("size", [1, 15, 17, 31])
def test_what_cannot_be_decrypted_is_refused_in_the_same_words(size):
    """Length, padding or alphabet: nobody learns which of them was wrong."""
    words = set()
    sealed = [
        base64.b64encode(os.urandom(size)).decode(),
        "A",
        "====",
        "é",
        base64.b64encode(bytes(32)).decode(),
    ]
    for text in sealed:
        body = json.dumps({"encrypt": text}).encode()
        with pytest.raises(CallbackRefused) as refused:
            feishu().read(post(body), NOW)
        words.add(str(refused.value))
    assert words == {"the callback is refused: it cannot be decrypted"}


def test_only_posts_of_a_bounded_size():
    """A GET, and a megabyte, are refused before they are looked into."""
    good = post(wrapped(EVENT))
    assert not feishu().is_genuine(Incoming("GET", b"", good.headers, good.body), NOW)
    assert not feishu().is_signed(Incoming("GET", b"", good.headers))
    with pytest.raises(CallbackRefused, match="too large"):
        feishu().read(post(b'{"a":"' + b"x" * (1 << 20) + b'"}'), NOW)


def test_nothing_to_check_with_is_refused_at_once():
    """Neither key nor token, or no window: the configuration is wrong, and says so."""
    with pytest.raises(ConfigInvalid, match="Encrypt Key"):
        Feishu()
    with pytest.raises(ConfigInvalid, match="window"):
        Feishu(encrypt_key=KEY, window=0)


def test_the_official_sdk_decrypts_what_we_seal_here():
    """The rig that these tests encrypt with is understood by Feishu's own SDK."""
    from rigs.oracles import lark_decrypt  # noqa: PLC0415 - slow to import

    assert lark_decrypt("test key", seal(b'{"a":1}')) == '{"a":1}'
