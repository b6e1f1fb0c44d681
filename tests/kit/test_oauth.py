"""A client says who it is so that both ends read the same."""

from __future__ import annotations

import base64
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.kit.oauth import BASIC, POST, client_shown
from gatepost.kit.secret import Secret


@pytest.mark.hypothesis
@given(st.text(min_size=1), st.text(min_size=1))
def test_a_header_is_read_back_as_it_was_meant(id_, secret):
    """By whoever follows RFC 6749, 2.3.1, whatever stands in either part; nothing of it is shown."""
    shown = client_shown(id_, Secret(secret), (BASIC,))
    told = base64.b64decode(shown.headers["authorization"].reveal().removeprefix("Basic ")).decode()
    parts = told.partition(":")
    assert (unquote_plus(parts[0]), unquote_plus(parts[2])) == (id_, secret)
    assert not shown.form


@pytest.mark.parametrize(
    ("methods", "secret", "way"),
    [
        ((BASIC,), "a:b", BASIC),
        ((BASIC, POST), "a:b", POST),
        ((BASIC, POST), "plain-secret_1.~", BASIC),
        ((POST,), "plain", POST),
    ],
)
def test_the_form_is_for_what_a_header_could_garble(methods, secret, way):
    """Where it is taken; else the header it is."""
    shown = client_shown("gatepost", Secret(secret), methods)
    assert bool(shown.headers) is (way == BASIC)
    assert bool(shown.form) is (way == POST)
    assert secret not in repr(shown)
