"""``[server.oidc]``: what is read, what is refused with its line, what it opens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from config.good import changed
from gatepost.cli.config import effective
from gatepost.config.schema import schema
from gatepost.errors import ConfigInvalid, SecretUnavailable
from gatepost.model.role import Role

GOOD: dict[str, Any] = {
    "issuer": "https://sso.example.com/realms/office",
    "client_id": "gatepost",
    "client_secret": "env:OIDC_SECRET",
    "roles": {"viewer": ["staff"], "approver": ["net"], "admin": ["root", "wheel"]},
}
BEYOND = {"listen": "0.0.0.0:8642", "certificate": "c.pem", "key": "k.pem"}


def with_oidc(table: Any, **server: Any) -> dict[str, Any]:
    """The good file with a provider."""
    return changed(("server",), {**server, "oidc": table})


def test_everything_is_read(loading, monkeypatch, tmp_path):
    """Groups become roles; the secret is read when it is built, and named when it is not there."""
    table = {
        **GOOD,
        "title": "Office",
        "scopes": ["openid", "groups"],
        "name_claim": "email",
        "role_claim": "realm_access.roles",
        "hosts": ["keys.example.com"],
        "ca_file": "ca.pem",
        "proxy": "http://proxy:3128",
        "proxy_login": "file:proxy",
    }
    found = loading(with_oidc(table)).server
    assert found.login
    assert found.oidc.roles == {
        "staff": Role.VIEWER,
        "net": Role.APPROVER,
        "root": Role.ADMIN,
        "wheel": Role.ADMIN,
    }
    assert (found.oidc.title, found.oidc.host) == ("Office", "sso.example.com")
    assert found.oidc.options.ca_file == tmp_path / "ca.pem"
    with pytest.raises(SecretUnavailable, match="OIDC_SECRET"):
        found.oidc.build()
    monkeypatch.setenv("OIDC_SECRET", "hunter2-hunter2")
    (tmp_path / "proxy").write_text("bob:pw\n")
    assert found.oidc.build().client_secret.reveal() == "hunter2-hunter2"


def test_defaults_are_those_of_the_standard(loading):
    """Three scopes of OpenID Connect, groups, and the issuer's host as its title."""
    found = loading(with_oidc(GOOD)).server.oidc
    assert found.options.scopes == ("openid", "profile", "email")
    assert (found.options.role_claim, found.options.name_claim) == ("groups", None)
    assert found.title == "sso.example.com"
    assert loading(changed(("server",), {})).server.oidc is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"isuer": "x"}, "server.oidc.isuer: unknown key; did you mean 'issuer'?"),
        ({"issuer": None}, "server.oidc: the key 'issuer' is missing"),
        ({"client_id": None}, "server.oidc: the key 'client_id' is missing"),
        ({"client_secret": None}, "server.oidc: the key 'client_secret' is missing"),
        ({"client_secret": "hunter2"}, "server.oidc.client_secret: a secret must be env:NAME"),
        ({"issuer": "http://sso.example.com"}, "server.oidc.issuer: expected https (http to loopback only)"),
        ({"issuer": "ftp://localhost"}, "server.oidc.issuer: expected https (http to loopback only)"),
        ({"issuer": "https://bob:hunter2@sso.example.com"}, "server.oidc.issuer: expected https://host"),
        ({"issuer": "https://sso.example.com?x"}, "server.oidc.issuer: expected https://host"),
        ({"issuer": "https://sso.example.com/#x"}, "server.oidc.issuer: expected https://host"),
        ({"issuer": "https://SSO.example.com"}, "server.oidc.issuer: expected https://host"),
        ({"issuer": "https://"}, "server.oidc.issuer: expected https://host"),
        ({"issuer": "https://[::1"}, "server.oidc.issuer: expected https://host"),
        ({"issuer": 1}, "server.oidc.issuer: Expected `str`"),
        ({"client_id": ""}, "server.oidc.client_id: expected 1 to 200"),
        ({"title": "a\nb"}, "server.oidc.title: expected 1 to 200"),
        ({"role_claim": ""}, "server.oidc.role_claim: expected 1 to 200"),
        ({"scopes": ["profile"]}, "server.oidc.scopes: without 'openid'"),
        ({"scopes": ["openid", "a b"]}, "server.oidc.scopes[1]: expected one scope"),
        ({"hosts": ["https://x"]}, "server.oidc.hosts[0]: expected a host name"),
        ({"proxy": "http://bob:hunter2@x"}, "server.oidc.proxy: expected http://host:port"),
        ({"roles": None}, "server.oidc.roles: nobody would get in"),
        ({"roles": []}, "server.oidc.roles: expected a table"),
        ({"roles": {"root": ["x"]}}, "server.oidc.roles.root: unknown key"),
        ({"roles": {"viewer": [""]}}, "server.oidc.roles.viewer[0]: expected 1 to 200"),
        ({"roles": {"viewer": "staff"}}, "server.oidc.roles.viewer: Expected `array`"),
        (
            {"roles": {"viewer": ["x"], "admin": ["x"]}},
            "server.oidc.roles.admin[0]: 'x' stands under 'viewer'",
        ),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(loading, change, told):
    """With file and line, and never with the text of a secret."""
    table = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(ConfigInvalid) as error:
        loading(with_oidc(table))
    assert told in error.value.message
    assert "gatepost.toml:" in error.value.message
    assert "hunter2" not in error.value.message


def test_no_table_is_told(loading):
    """A value where the table belongs."""
    with pytest.raises(ConfigInvalid, match=r"server\.oidc: expected a table"):
        loading(with_oidc("https://sso.example.com"))


@pytest.mark.parametrize(
    "issuer", ["http://127.0.0.1:8080", "http://localhost/x", "http://[::1]:1/", "https://a"]
)
def test_http_is_for_loopback(loading, issuer):
    """There nobody is on the way."""
    assert loading(with_oidc({**GOOD, "issuer": issuer})).server.oidc.options.issuer == issuer


def test_it_is_a_login_for_a_bind_beyond_loopback(loading):
    """With or without local users, if the address that people are sent back to is named."""
    with pytest.raises(ConfigInvalid, match=r"server\.url: beyond loopback \[server\.oidc\] needs"):
        loading(with_oidc(GOOD, **BEYOND))
    found = loading(with_oidc(GOOD, url="https://lists.example.com", **BEYOND)).server
    assert found.login
    assert not found.users
    with pytest.raises(ConfigInvalid, match="a login"):
        loading(changed(("server",), BEYOND))


def test_it_is_shown_without_its_secrets(loading):
    """Defaults included; of references the scheme alone."""
    shown = effective(loading(with_oidc({**GOOD, "proxy_login": "file:/x", "proxy": "http://p:1"})))[
        "server"
    ]["oidc"]
    assert shown["client_secret"] == "env:***"
    assert shown["proxy_login"] == "file:***"
    assert shown["role_claim"] == "groups"
    assert shown["roles"] == GOOD["roles"]
    assert "OIDC_SECRET" not in json.dumps(shown)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"title": "Other", "scopes": ["openid"]}, True),
        ({"issuer": "https://other.example.com"}, False),
        ({"client_id": "other"}, False),
        ({"role_claim": "roles"}, False),
        ({"name_claim": "sub"}, False),
        ({"roles": {"viewer": ["staff"]}}, False),
    ],
)
def test_the_mark_changes_with_who_vouches_and_with_roles(loading, change, same):
    """Not with what the login page calls it."""
    marks = [loading(with_oidc(table)).server.oidc.mark for table in (GOOD, {**GOOD, **change})]
    assert (marks[0] == marks[1]) is same


def test_the_schema_has_its_keys():
    """Each with a description, the needed ones as needed."""
    found = schema()["properties"]["server"]["properties"]["oidc"]
    assert set(found["required"]) == {"issuer", "client_id", "client_secret", "roles"}
    assert all(one.get("description") for one in found["properties"].values())
