"""Host names, by example at the edges of their forms; hostile values are in the table of cases."""

from __future__ import annotations

import pytest

from gatepost.model.entry import Domain
from gatepost.planning.domain import LABEL_MAX, NAME_MAX, parse_domain
from gatepost.planning.odd import Odd, Oddity

LABEL = "a" * LABEL_MAX
IDNS = "中文." * 20
"""240 characters in A-label form, 60 as it stands."""
LONGEST = ".".join([LABEL, LABEL, LABEL, "b" * (NAME_MAX - 3 * (LABEL_MAX + 1) - 4), "com"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("qq.com", "qq.com"),
        ("  A1.QQ.com ", "a1.qq.com"),
        ("a-b.x--y.0z.cn", "a-b.x--y.0z.cn"),
        (f"{LABEL}.com", f"{LABEL}.com"),
        (LONGEST, LONGEST),
        (f"{IDNS}{'a' * 13}", f"{'xn--fiq228c.' * 20}{'a' * 13}"),
        ("𗀀.cn", "xn--910f.cn"),
        ("com.cn", "com.cn"),
        ("a.0xg", "a.0xg"),
        ("a.x0x1", "a.x0x1"),
        ("0x1.1b", "0x1.1b"),
        ("localhost.cn", "localhost.cn"),
        ("XN--VUQZ89A.qq.com", "xn--vuqz89a.qq.com"),
        ("bücher.example.de", "xn--bcher-kva.example.de"),
        ("ελληνικά.gr", "xn--hxargifdar.gr"),
        ("日本語にも.jp", "xn--r9j3b342vncbk91h.jp"),
        ("日本語カタカナとabc.jp", "xn--abc-vb4b8ma3lrd5032dpxc355l.jp"),
        ("人々ー.jp", "xn--u6j91ay72e.jp"),
        ("注音ㄅㄆa.tw", "xn--a-1jud2342df82b.tw"),
        ("한글々中a.kr", "xn--a-f4tu17ir58foevb.kr"),
    ],
)
def test_names_are_read_as_written(text: str, name: str):
    """In lower case and A-label form; one script, or the scripts that one language mixes, make a label."""
    assert parse_domain(text) == Domain(name)


@pytest.mark.parametrize(
    ("text", "oddity"),
    [
        (f"a{LABEL}.com", Oddity.LABEL_TOO_LONG),
        (f"b{LONGEST}", Oddity.TOO_LONG),
        (f"{LONGEST[:-4]}é.com", Oddity.TOO_LONG),
        (f"{IDNS}{'a' * 14}", Oddity.TOO_LONG),
        (f"{'中' * LABEL_MAX}.cn", Oddity.BAD_IDN),
        ("", Oddity.NOT_A_DOMAIN),
        ("*.", Oddity.NOT_A_DOMAIN),
        ("\tqq.com", Oddity.NOT_A_DOMAIN),
        ("qq.com\n", Oddity.NOT_A_DOMAIN),
        ("中文:1.cn", Oddity.NOT_A_DOMAIN),
        ("中文/b.cn", Oddity.NOT_A_DOMAIN),
        (" ", Oddity.NOT_A_DOMAIN),
        ("a:1.qq.com", Oddity.NOT_A_DOMAIN),
        ("a/b.qq.com", Oddity.NOT_A_DOMAIN),
        ("a\u200b.qq.com", Oddity.NOT_A_DOMAIN),
        ("-a.qq.com", Oddity.NOT_A_DOMAIN),
        ("a-.qq.com", Oddity.NOT_A_DOMAIN),
        ("a..qq.com", Oddity.NOT_A_DOMAIN),
        ("qq.com.", Oddity.TRAILING_DOT),
        ("a*.qq.com", Oddity.WILDCARD),
        ("a.localhost", Oddity.LOCALHOST),
        ("a.12", Oddity.IP_LITERAL),
        ("a.0x", Oddity.IP_LITERAL),
        ("a.0xAf", Oddity.IP_LITERAL),
        ("com", Oddity.SINGLE_LABEL),
        ("ｷ.jp", Oddity.BAD_IDN),
        ("a١.qq.com", Oddity.BAD_IDN),
        ("αabc.gr", Oddity.MIXED_SCRIPT),
        ("a𗀀.cn", Oddity.MIXED_SCRIPT),
        ("한글かな.kr", Oddity.MIXED_SCRIPT),
        ("ㄅかな.jp", Oddity.MIXED_SCRIPT),
    ],
)
def test_what_is_not_exactly_a_name_is_refused(text: str, oddity: Oddity):
    """By the word for what is wrong first."""
    with pytest.raises(Odd) as caught:
        parse_domain(text)
    assert caught.value.oddity is oddity


@pytest.mark.parametrize("name", ["com", "cn", "com.cn", "github.io"])
def test_a_tree_stands_below_a_public_suffix(name: str):
    """Names that belong to everybody are nobody's tree, however it is asked for; a name below one is."""
    for text, tree in ((f"*.{name}", False), (name, True)):
        with pytest.raises(Odd) as caught:
            parse_domain(text, tree=tree)
        assert caught.value.oddity is Oddity.PUBLIC_SUFFIX
    assert (
        parse_domain(f"*.a.{name}") == parse_domain(f"a.{name}", tree=True) == Domain(f"a.{name}", tree=True)
    )
