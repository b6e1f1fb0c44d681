from __future__ import annotations

import base64
import json
import zlib

import pytest
from TLSSigAPIv2 import TLSSigAPIv2

from gatepost.kit.secret import Secret
from gatepost.platforms.tencent_chat import user_sig

KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
APP = 1400000000
VECTORS = [
    (
        "xiaojun",
        604800,
        None,
        "8j2SU00mSSGnJOE0eKRWrGh86RTQwG7LZVYeyWrE7FY=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpQJlzAxMLOCiJZm5"
            "IDFDczTVxZnpIPMtsoyCQw0McoOD3fO8-F0NUr2DwovcMyzMgkICy93NfaLCIlMrw4tczd0ibZVqAanvMmE_"
        ),
    ),
    (
        "administrator",
        86400,
        None,
        "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuW"
            "ZOaChAzN0RQXZ6aDLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_"
        ),
    ),
    (
        "xiaojun",
        604800,
        b"abc",
        "dRjA2I8U1X1D245zTfNsI90jYMiimcksyfnbz4x1E0w=",
        (
            "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkKjIT87NK82CSxSnZiQUFmSlAKUMTAyiAyqVWFGQWpQJlzAxMLOCiJZm5IDFD"
            "czTVpcWpRUmlaSA7IsO9suAWZKaDhFKCshyNPC1CDSMMXYxMTKtC0vyKPS0NsiJ9MzNzk7OLK9PykqpMKgxdDcptlWoBeqU5ng__"
        ),
    ),
]


def fields(signature: str) -> dict[str, object]:
    """What a UserSig says, decoded."""
    text = signature.translate(str.maketrans("*-_", "+/="))
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


@pytest.mark.parametrize(("identifier", "life", "userbuf", "mac", "known"), VECTORS)
def test_vectors(identifier, life, userbuf, mac, known):
    """A UserSig says the same, field by field, as the known vector."""
    ours = fields(user_sig(Secret(KEY), APP, identifier, at=1700000000, life=life, userbuf=userbuf).reveal())
    assert ours == fields(known)
    assert ours["TLS.sig"] == mac


@pytest.mark.parametrize("identifier", ["administrator", "a b~!", "x" * 32])
@pytest.mark.parametrize("userbuf", [None, b"", bytes(range(256))])
def test_vendors_package_agrees(identifier, userbuf):
    """The vendor's own package signs the same fields at the same time."""
    vendor = TLSSigAPIv2(APP, KEY)
    text = (
        vendor.gen_sig(identifier, 300)
        if userbuf is None
        else vendor.gen_sig_with_userbuf(identifier, 300, userbuf)
    )
    theirs = fields(text)
    ours = user_sig(Secret(KEY), APP, identifier, at=theirs["TLS.time"], userbuf=userbuf)
    assert fields(ours.reveal()) == theirs


def test_life_is_short():
    """A signature is valid for five minutes at most unless asked otherwise."""
    assert fields(user_sig(Secret(KEY), APP, "administrator", at=1700000000).reveal())["TLS.expire"] <= 300


def test_alphabet():
    """A UserSig holds no character that a query string would escape, but the star."""
    for at in range(1700000000, 1700000050):
        text = user_sig(Secret(KEY), APP, "administrator", at=at).reveal()
        assert not set(text) & set("+/=")
