"""Tokens of custom and store apps: cached, renewed once, never shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.errors import (
    CredentialsRejected,
    SchemaMismatch,
    TokenRejected,
)
from gatepost.kit.secret import Secret
from gatepost.platforms import Feishu
from platforms.feishu_script import (
    CANARY,
    CUSTOM,
    LIST,
    RESEND,
    STORE_APP,
    STORE_TENANT,
    TOKEN,
    page,
    reply,
)

pytestmark = pytest.mark.anyio


STORE = Feishu.Account(
    app_id="cli_s", app_secret=Secret(CANARY), tenant_key="tk", app_ticket=Secret("ticket-canary")
)


async def test_token_is_cached(feishu, script, clock, tmp_path):
    """One token serves many calls and clients until five minutes before its end."""
    script.on(LIST, reply(page("1.0.0.1")))
    for _ in range(2):
        async with feishu(cache_dir=tmp_path) as client:
            await client.outbound_ip()
            await client.outbound_ip()
    assert len(script.asked(CUSTOM)) == 1
    clock.advance(timedelta(seconds=7200 - 300))
    async with feishu(cache_dir=tmp_path) as client:
        await client.outbound_ip()
    assert len(script.asked(CUSTOM)) == 2


async def test_counted_down_token_ends_when_it_says(feishu, script, clock):
    """The same token comes back with less life while it has 30 minutes or more; its own life counts."""
    script.on(CUSTOM, reply({"code": 0, "msg": "ok", "tenant_access_token": TOKEN, "expire": 1860}))
    script.on(LIST, reply(page("1.0.0.1")))
    async with feishu() as client:
        await client.outbound_ip()
        clock.advance(timedelta(seconds=1860 - 300 - 1))
        await client.outbound_ip()
        assert len(script.asked(CUSTOM)) == 1
        clock.advance(timedelta(seconds=1))
        await client.outbound_ip()
        assert len(script.asked(CUSTOM)) == 2


@pytest.mark.parametrize("code", [99991663, 99991664, 99991665, 99991671, 20005, 20013, 20014])
async def test_refused_token_is_renewed_once(feishu, script, code):
    """A refresh code drops the token and tries once more with a new one."""
    script.on(
        CUSTOM, *(reply({"code": 0, "tenant_access_token": f"t-{n}", "expire": 7200}) for n in range(3))
    )
    script.on(LIST, reply({"code": code, "msg": "Invalid access token"}, 400), reply(page("1.0.0.1")))
    async with feishu() as client:
        assert await client.outbound_ip() == ("1.0.0.1",)
    assert [one.headers["authorization"] for one in script.asked(LIST)] == ["Bearer t-0", "Bearer t-1"]


async def test_refusal_after_the_refresh_is_final(feishu, script):
    """99991663 also means that the API takes no tenant token: after one new token it is TokenRejected."""
    script.on(LIST, reply({"code": 99991663, "msg": "Invalid access token"}, 400))
    async with feishu() as client:
        with pytest.raises(TokenRejected) as caught:
            await client.outbound_ip()
    assert caught.value.code == 99991663
    assert (len(script.asked(LIST)), len(script.asked(CUSTOM))) == (2, 2)


@pytest.mark.parametrize("code", [10003, 10005, 10014, 10015, 99991543])
async def test_wrong_credentials_are_not_retried(feishu, script, code):
    """A wrong app id or secret, under HTTP 200, is asked once and says what to check."""
    script.on(CUSTOM, reply({"code": code, "msg": "invalid param"}))
    async with feishu() as client:
        with pytest.raises(CredentialsRejected) as caught:
            await client.outbound_ip()
    assert caught.value.code == code
    assert "app_secret" in caught.value.next_step
    assert len(script.seen) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0},
        {"code": 0, "tenant_access_token": "", "expire": 1},
        {"code": 0, "tenant_access_token": "t", "expire": 0},
    ],
)
async def test_token_answer_without_a_token(feishu, script, body):
    """A success of the token endpoint without a token that lives is no success."""
    script.on(CUSTOM, reply(body))
    async with feishu() as client:
        with pytest.raises(SchemaMismatch):
            await client.outbound_ip()


class TestStoreApps:
    """Store apps: ticket, app token, tenant token."""

    async def test_ticket_to_app_token_to_tenant_token(self, feishu, script):
        """The ticket buys an app token, which buys the tenant's token; both are kept."""
        script.on(STORE_APP, reply({"code": 0, "msg": "ok", "app_access_token": "a-1", "expire": 7140}))
        script.on(STORE_TENANT, reply({"code": 0, "msg": "ok", "tenant_access_token": "t-9", "expire": 7140}))
        script.on(LIST, reply(page("1.0.0.1")))
        async with feishu(STORE) as client:
            await client.outbound_ip()
            await client.outbound_ip()
            assert client.account_id == "cli_s tk"
        assert script.bodies(STORE_APP) == [
            {"app_id": "cli_s", "app_secret": CANARY, "app_ticket": "ticket-canary"}
        ]
        assert script.bodies(STORE_TENANT) == [{"app_access_token": "a-1", "tenant_key": "tk"}]
        assert {one.headers["authorization"] for one in script.asked(LIST)} == {"Bearer t-9"}

    async def test_ticket_by_callable(self, feishu, script):
        """A ticket that changes is asked for when it is needed, before the account's own."""

        async def newest():
            return Secret("ticket-2")

        script.on(STORE_APP, reply({"code": 0, "app_access_token": "a-1", "expire": 7140}))
        script.on(STORE_TENANT, reply({"code": 0, "tenant_access_token": "t-9", "expire": 7140}))
        async with feishu(STORE) as client:
            client.ticket = newest
            await client.tenant_token()
        assert script.bodies(STORE_APP)[0]["app_ticket"] == "ticket-2"

    async def test_missing_ticket_is_asked_for(self, feishu, script):
        """Without a ticket the platform is asked, once, to send it; the error says where it comes."""
        script.on(RESEND, reply({"code": 0, "msg": "ok"}))
        account = Feishu.Account(app_id="cli_s", app_secret=Secret(CANARY), tenant_key="tk")
        async with feishu(account) as client:
            for _ in range(2):
                with pytest.raises(TokenRejected, match="app_ticket"):
                    await client.outbound_ip()
        assert script.bodies(RESEND) == [{"app_id": "cli_s", "app_secret": CANARY}]

    async def test_bad_ticket_is_asked_for_again(self, feishu, script):
        """10012: the ticket is no longer good; it is asked for again and nothing is retried."""
        script.on(STORE_APP, reply({"code": 10012, "msg": "app ticket invalid"}))
        script.on(RESEND, reply({"code": 0, "msg": "ok"}))
        async with feishu(STORE) as client:
            with pytest.raises(TokenRejected) as caught:
                await client.outbound_ip()
        assert caught.value.code == 10012
        assert len(script.asked(RESEND)) == len(script.asked(STORE_APP)) == 1

    async def test_refused_app_token_is_renewed_once(self, feishu, script):
        """An app token that the tenant endpoint refuses is renewed once."""
        script.on(
            STORE_APP, *(reply({"code": 0, "app_access_token": f"a-{n}", "expire": 7140}) for n in range(3))
        )
        script.on(
            STORE_TENANT,
            reply({"code": 99991664}),
            reply({"code": 0, "tenant_access_token": "t-9", "expire": 9}),
        )
        async with feishu(STORE) as client:
            assert await client.tenant_token() == Secret("t-9")
        assert [body["app_access_token"] for body in script.bodies(STORE_TENANT)] == ["a-0", "a-1"]
