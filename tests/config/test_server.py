"""``[server]``: who may listen where, who may log in, and what is refused with its line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.good import changed
from gatepost.cli.config import effective
from gatepost.config.server_keys import ServerSettings
from gatepost.errors import ConfigInvalid, SecretUnavailable
from gatepost.gate.trust import Header
from gatepost.model.role import Role

TLS = {"certificate": "c.pem", "key": "k.pem"}
BOB = {"role": "approver", "token": "env:BOB"}
LOGIN = {"users": {"bob": BOB}}


def with_server(table: Any) -> dict[str, Any]:
    """The good file with another table."""
    return changed(("server",), table)


def test_by_default_it_serves_on_loopback_without_a_login(loading):
    """Without the table, and with an empty one."""
    tables = with_server({})
    assert loading(tables).server == ServerSettings()
    del tables["server"]
    found = loading(tables).server
    assert found == ServerSettings()
    assert (found.address, found.tls, found.login, found.given) == (("127.0.0.1", 8642), False, False, False)


def test_everything_is_read(loading, tmp_path):
    """Paths and file: secrets count from the configuration's folder; lists are those that are there."""
    table = {
        **TLS,
        "listen": "[::]:443",
        "url": "https://lists.example.com",
        "hosts": ["lists.internal", "192.0.2.1", "[2001:db8::1]"],
        "session": "1h",
        "trusted_proxies": ["127.0.0.1", "10.0.0.0/24"],
        "proxy_header": "forwarded",
        "users": {"bob": BOB, "alice": {"role": "admin", "password": "file:alice"}},
        "consumers": {"fw1": {"token": "env:FW1", "token_next": "env:FW2", "lists": ["webhooks"]}},
    }
    found = loading(with_server(table)).server
    assert found.address == ("::", 443)
    assert found.options.certificate == tmp_path / "c.pem"
    assert found.options.session == timedelta(hours=1)
    assert [str(one) for one in found.trust.proxies] == ["127.0.0.1/32", "10.0.0.0/24"]
    assert found.trust.header is Header.FORWARDED
    assert {name: one.role for name, one in found.users.items()} == {
        "bob": Role.APPROVER,
        "alice": Role.ADMIN,
    }
    assert found.consumers["fw1"].lists == ("webhooks",)
    with pytest.raises(SecretUnavailable, match=str(tmp_path / "alice")):
        found.users["alice"].build()


@pytest.mark.parametrize("listen", ["0.0.0.0:8642", "[::]:8642", "192.0.2.1:1", "[2001:db8::1]:80"])
def test_beyond_loopback_both_are_needed(loading, listen):
    """What is missing is named: TLS, a login, or both; with both it is good."""
    for given, lacking in (({}, "TLS (certificate and key) and a login"), (TLS, "a login"), (LOGIN, "TLS")):
        with pytest.raises(ConfigInvalid) as told:
            loading(with_server({"listen": listen, **given}))
        assert f"server.listen: beyond loopback the server needs {lacking}" in told.value.message
    assert loading(with_server({"listen": listen, **TLS, **LOGIN})).server.tls
    assert not loading(with_server({"listen": listen, "enabled": False})).server.options.enabled


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"lissten": "127.0.0.1:1"}, "server.lissten: unknown key; did you mean 'listen'?"),
        ({"listen": "localhost:8642"}, "server.listen: expected an address and a port"),
        ({"listen": "127.0.0.1"}, "server.listen: expected an address and a port"),
        ({"listen": "127.0.0.1:65536"}, "server.listen: expected an address and a port"),
        ({"listen": "::1:8642"}, "server.listen: expected an address and a port"),
        ({"listen": "[127.0.0.1]:8642"}, "server.listen: expected an address and a port"),
        ({"listen": 8642}, "server.listen: Expected `str`"),
        ({"certificate": "c.pem"}, "server: the key 'key' is missing"),
        ({"key": "k.pem"}, "server: the key 'certificate' is missing"),
        ({"url": "lists.example.com"}, "server.url: expected https://host"),
        ({"url": "https://bob:pw@lists.example.com"}, "server.url: expected https://host"),
        ({"url": "https://lists.example.com/path"}, "server.url: expected https://host"),
        ({"hosts": ["lists.example.com:443"]}, "server.hosts[0]: expected a host name"),
        ({"hosts": ["*"]}, "server.hosts[0]: expected a host name"),
        ({"trusted_proxies": "127.0.0.1"}, "server.trusted_proxies: Expected `array`"),
        ({"trusted_proxies": ["*"]}, "server.trusted_proxies[0]: the trusted proxy '*' is not an address"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "server.trusted_proxies[0]: the trusted proxy '10.0.0.1/8'"),
        (
            {"trusted_proxies": ["::1", "0.0.0.0/0"]},
            "server.trusted_proxies[1]: the trusted proxy 0.0.0.0/0 is",
        ),
        (
            {"trusted_proxies": ["1.0.0.0/8", "2.0.0.0/8", "3.0.0.0/8"]},
            "server.trusted_proxies: the trusted proxies together are too wide",
        ),
        ({"proxy_header": "x-real-ip"}, "server.proxy_header: "),
        ({"session": "1m"}, "server.session: expected a duration from 5m to 30d"),
        ({"users": []}, "server.users: expected a table"),
        ({"users": {"bob": 1}}, "server.users.bob: expected a table"),
        ({"users": {"Bob": BOB}}, "a name is 1 to 40"),
        (
            {"users": {"bob": {"role": "approver"}}},
            "server.users.bob: the key 'password' is missing, or 'token'",
        ),
        ({"users": {"bob": {"token": "env:X"}}}, "server.users.bob: the key 'role' is missing"),
        (
            {"users": {"bob": {**BOB, "role": "root"}}},
            "server.users.bob.role: Invalid enum value 'root'; expected one of 'viewer', 'approver', 'admin'",
        ),
        (
            {"users": {"bob": {**BOB, "token": "hunter2"}}},
            "server.users.bob.token: a secret must be env:NAME",
        ),
        ({"consumers": {"fw": {}}}, "server.consumers.fw: the key 'token' is missing"),
        (
            {"consumers": {"fw": {"token": "env:X", "lists": ["no"]}}},
            "server.consumers.fw.lists: expected names of",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(loading, table, told):
    """With file and line, and never with the text of a secret."""
    with pytest.raises(ConfigInvalid) as error:
        loading(with_server(table))
    assert told in error.value.message
    assert "gatepost.toml:" in error.value.message
    assert "hunter2" not in error.value.message


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({**LOGIN, "url": "https://lists.example.com"}, True),
        ({**LOGIN, "hosts": ["lists.internal"]}, True),
        ({**LOGIN, "url": "https://lists.example.com", "trusted_proxies": ["::1"]}, False),
        ({**LOGIN, "url": "https://lists.example.com", "enabled": False}, False),
        ({**LOGIN, **TLS, "url": "https://lists.example.com", "listen": "0.0.0.0:443"}, False),
        ({**LOGIN, "url": "http://localhost:8642"}, False),
        ({"url": "https://lists.example.com"}, False),
        (LOGIN, False),
    ],
)
def test_a_proxy_that_nobody_named_is_known_by_the_address_people_use(loading, table, told):
    """Where people log in, on loopback, under a name of elsewhere."""
    assert loading(with_server(table)).server.proxy_unnamed is told


def test_secrets_are_refused_where_they_are_no_lines_or_too_short(loading, monkeypatch):
    """A password itself instead of its line, a token that can be guessed: told before anything is served."""
    users = {"alice": {"role": "admin", "password": "env:LINE"}, "bob": BOB}
    server = loading(with_server({"users": users})).server
    monkeypatch.setenv("LINE", "hunter2")
    monkeypatch.setenv("BOB", "too-short")
    for name, told in (("alice", "gatepost password"), ("bob", "20 characters")):
        with pytest.raises(ConfigInvalid) as error:
            server.users[name].build()
        assert told in error.value.message
        assert "hunter2" not in error.value.message
        assert "too-short" not in error.value.message


def test_what_is_shown_masks_every_secret(loading):
    """Of a reference its scheme, of the rest all."""
    table = {**LOGIN, "consumers": {"fw1": {"token": "env:FW1"}}}
    shown = effective(loading(with_server(table)))["server"]
    assert shown["users"] == {"bob": {"role": "approver", "token": "env:***"}}
    assert shown["consumers"] == {"fw1": {"token": "env:***"}}
    assert shown["listen"] == "127.0.0.1:8642"
