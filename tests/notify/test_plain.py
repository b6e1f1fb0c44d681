"""Foreign text that stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.notify._lines import text_of
from gatepost.notify._plain import LINE_MOST, defused, is_linkable, value
from rigs.notifiers import HOSTILE, held, many, message

SYNTAX = st.text(alphabet="<>[]()@#*_~`&;/\\:! \n\r\tabcé门\u202e\u2028", max_size=400)


@given(st.one_of(SYNTAX, st.text(max_size=400)))
def test_nothing_is_left_of_any_syntax(text):
    """Whatever it says, a defused text is one line without a tag, mention, link, code or emphasis."""
    told = defused(text)
    assert not set(told) & set("<>[]@`&\\")
    assert not any(pair in told for pair in ("**", "__", "~~", "//"))
    assert not told.lstrip().startswith(("#", ">", "- ", "* ", "+ ", "|"))
    assert told.isprintable()
    assert len(told) <= LINE_MOST


@pytest.mark.parametrize("text", ["101.126.59.0/24", "2a00:1::/64", "*.feishu.cn", "i.work.weixin.qq.com"])
def test_values_stay_as_they_are(text):
    """An address or domain can be copied from a message as it is."""
    assert value(text) == text


@given(st.text(max_size=80))
def test_what_is_no_value_is_defused(text):
    """What only pretends to be a value has no syntax either."""
    assert not set(value(text)) & set("<>[]@`&\\ \n") - {" "}


@pytest.mark.parametrize(
    ("url", "linkable"),
    [
        ("https://open.feishu.cn/app/cli_x/auth?q=event:ip_list&op_from=openapi", True),
        ("https://developer.work.weixin.qq.com/document/path/100079", True),
        ("https://open.feishu.cn", True),
        ("http://open.feishu.cn/", False),
        ("https://open.feishu.cn.evil.example/", False),
        ("https://evil.example/open.feishu.cn", False),
        ("https://open.feishu.cn@evil.example/", False),
        ("https://open.feishu.cn/[x](https://evil.example)", False),
        ("https://open.feishu.cn/<at id=all>", False),
        ("https://open.feishu.cn/a b", False),
        ("https://docs.qq.com/doc/x", False),
        ("javascript:alert(1)", False),
    ],
)
def test_links(url, linkable):
    """Only the platforms' own pages can be clicked."""
    assert is_linkable(url) is linkable


@given(
    st.integers(0, 500),
    st.integers(0, 500),
    st.sampled_from([2048, 4096, 8192]),
    st.sampled_from(["", HOSTILE, "门" * 300]),
)
def test_lines_fit_and_keep_what_matters(added, removed, limit, words):
    """Whatever is said, lines fit the bytes, and command and links are whole; the hidden is counted."""
    told = held(added=many(added, 11), removed=many(removed, 12), suspects=(words,) * 9)
    text = text_of(message(told, console="https://gate.example"), limit)
    assert len(text.encode()) <= limit
    assert f"gatepost approve {told.digest}" in text
    assert text.count("https://gate.example/plans#0123456789ab") == 2
    for sign, octet, total in (("+", 11, added), ("-", 12, removed)):
        shown = text.count(f"\n{sign} {octet}.")
        assert shown == total or f"and {total - shown} more" in text or "\n…\n" in text
