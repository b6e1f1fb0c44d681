"""Passwords as lines: only the right one fits, and odd lines cost neither memory nor time."""

from __future__ import annotations

import pytest

from gatepost.kit.password import (
    PASSWORD_LEAST,
    PASSWORD_MOST,
    check_line,
    check_token,
    digest,
    make_line,
    verify,
)
from gatepost.kit.secret import Secret

GOOD = Secret("correct horse battery")


def test_a_line_knows_its_password_alone():
    """The same, and nothing near it; two lines of one password share nothing."""
    line = Secret(make_line(GOOD))
    assert verify(line, GOOD)
    for wrong in ("", "correct horse batter", "correct horse battery ", "Correct horse battery"):
        assert not verify(line, Secret(wrong)), wrong
    other = make_line(GOOD)
    assert other.split("$")[4:] != line.reveal().split("$")[4:]
    assert GOOD.reveal() not in other


def test_a_known_line_is_still_known():
    """Scrypt's own vector (RFC 7914, 12) as a line: N=1024, r=8, p=16."""
    line = "$scrypt$ln=10,r=8,p=16$TmFDbE5hQ2xOYUNs$"
    assert not verify(Secret(line + "A" * 86), Secret("password"))
    check_line(Secret(line + "A" * 86))


def test_nobody_has_a_password():
    """Without a line nothing is right, whatever is tried."""
    for text in ("", "x", GOOD.reveal()):
        assert not verify(None, Secret(text))


@pytest.mark.parametrize("text", ["", "x" * (PASSWORD_LEAST - 1), "x" * (PASSWORD_MOST + 1)])
def test_a_password_has_bounds(text):
    """Too short is guessed, too long is an attack."""
    with pytest.raises(ValueError, match="10 to 1024"):
        make_line(Secret(text))


@pytest.mark.parametrize(
    "line",
    [
        "correct horse battery",
        "$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "$scrypt$ln=15,r=99,p=99$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "$scrypt$ln=0,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43,
        "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 41,
        "$2b$12$abcdefghijklmnopqrstuv",
        "$scrypt$ln=15,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43 + "\n",
    ],
)
def test_what_is_no_line_of_ours_is_refused(line):
    """A password itself, costs beyond the memory of a host, other schemes: at the start, not at a login."""
    with pytest.raises(ValueError, match="gatepost password"):
        check_line(Secret(line))
    assert not verify(Secret(line), GOOD)


def test_tokens_are_long_enough():
    """Nineteen characters are refused, twenty are not; what is not there or not read is no mistake."""
    with pytest.raises(ValueError, match="20 characters"):
        check_token(Secret("x" * 19))
    for good in (None, Secret(""), Secret("x" * 20)):
        check_token(good)
    check_line(None)
    check_line(Secret(""))
    assert digest(Secret("a")) != digest(Secret("b"))
