"""Feishu's app as a channel: receivers looked up, cards that its own SDK sends, within 30 KB."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.emulator.app import Emulator
from gatepost.notify._feishu_card import card
from gatepost.notify._note import STEPS, compose
from gatepost.notify.feishu import BODY_MOST, FeishuOptions
from rigs import oracles
from rigs.channels import feishu
from rigs.notifiers import event, held, hostile, many, message, texts

ADA = "open_id:ou_c99c5f35d542efc7ee492afe11af19ef"
CHAT = "oc_5ad11d72b830411d72b836c20"


@pytest.mark.anyio
async def test_a_person_is_looked_up(tmp_path):
    """A person who is there is good, and gets the message."""
    async with feishu.rig(tmp_path, "card", ADA) as rig:
        assert await rig.check() == ()
        await rig.send(message())
        assert rig.emulator.state.messages[-1]["to"] == ADA.partition(":")[2]


@pytest.mark.anyio
async def test_a_person_who_left_is_told(tmp_path):
    """A person who has left is told, by the state that the contacts have."""
    async with feishu.rig(tmp_path, "card", ADA) as rig:
        app = next(iter(rig.emulator.state.apps["feishu"].values()))
        app.users[0]["status"] = {"is_resigned": True, "is_frozen": False}
        app.scopes.append("contact:user.employee:readonly")
        (told,) = await rig.check()
        assert "is_resigned" in told


@pytest.mark.anyio
async def test_without_the_right_to_look(tmp_path):
    """An app that may not read contacts says so, and sends all the same."""
    async with feishu.rig(tmp_path, "card", ADA) as rig:
        app = next(iter(rig.emulator.state.apps["feishu"].values()))
        app.scopes = [one for one in app.scopes if not one.startswith("contact")]
        (told,) = await rig.check()
        assert "may not read contacts" in told
        await rig.send(message())
        assert len(rig.arrived()) == 1


@pytest.mark.anyio
async def test_a_chat_is_not_looked_up(tmp_path):
    """A chat or an email asks nothing."""
    async with feishu.rig(tmp_path, "card") as rig:
        assert await rig.check() == ()
        assert rig.emulator.journal.of("feishu", "/open-apis/contact/v3/users") == []


@pytest.mark.anyio
async def test_sent_twice_arrives_once(tmp_path):
    """The same message sent again within the hour arrives once."""
    async with feishu.rig(tmp_path, "card") as rig:
        await rig.send(message())
        await rig.send(message())
        await rig.send(message(event(mark="8")))
        assert len(rig.arrived()) == 2


@pytest.mark.parametrize(
    "to",
    [
        *("", "oc_1", "chat_id:", "chat_id:ou_1", "open_id:oc_1", "email:ada", "user_id:a@b", "phone:1"),
        *("chat_id:oc_1/../x", "chat_id:oc_1?x=", "user_id:a b", "union_id:ou_1"),
    ],
)
def test_no_receiver(to):
    """What is no receiver is refused when the configuration is read."""
    with pytest.raises(ValueError, match="to must be"):
        FeishuOptions(to=to)


WORDS = st.text(max_size=40)


@given(
    st.lists(
        st.builds(
            lambda added, removed, words: held(
                added=many(added, 11), removed=many(removed, 12), suspects=(words,), name=words
            ),
            st.integers(0, 500),
            st.integers(0, 500),
            WORDS,
        ),
        min_size=1,
        max_size=40,
    )
)
def test_a_card_has_few_elements_and_plain_texts(events):
    """Whatever it says, a card has at most 200 elements and no text with a syntax."""
    for most in (STEPS[0], STEPS[-1]):
        made = card(compose(message(*events, console="https://gate.example"), most)).card
        assert len(made["elements"]) <= 200
        assert feishu.active(json.loads(msgspec.json.encode(made))) == []


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    """One for the module: the SDK keeps its tokens for the process."""
    return Emulator()


@pytest.fixture(scope="module")
def origin(emulator) -> Iterator[str]:
    """Where it is."""
    with oracles.served_apart(emulator) as url:
        yield url


@pytest.mark.parametrize("name", ["change", "held", "hostile", "thousand", "several"])
def test_the_official_sdk_sends_our_cards(origin, emulator, name):
    """Feishu's own SDK sends each card as it is, and the platform takes it, within 30 KB."""
    from lark_oapi.api.im.v1 import CreateMessageRequest, CreateMessageRequestBody  # noqa: PLC0415 - slow

    big = event(added=many(1000, 11), removed=many(1000, 12))
    events = {
        "change": (event(),),
        "held": (held(),),
        "hostile": (hostile(),),
        "thousand": (big,),
        "several": (big, held(), hostile()),
    }[name]
    note = compose(message(*events, console="https://gate.example"), 120)
    content = msgspec.json.encode(card(note).card).decode()
    body = CreateMessageRequestBody.builder().receive_id(CHAT).msg_type("interactive").content(content)
    request = CreateMessageRequest.builder().receive_id_type("chat_id")
    sdk = oracles.lark(origin, "cli_a1b2c3d4e5f60001", "feishu-demo-app-secret-0000001")
    reply = sdk.im.v1.message.create(request.request_body(body.build()).build())
    assert reply.success(), reply.msg
    assert emulator.state.messages[-1]["content"] == json.loads(content)
    assert len(content) < BODY_MOST


@pytest.mark.anyio
async def test_a_thousand_changes_fill_the_card(tmp_path):
    """A card of 1,000 changes shows hundreds of them, says how many more, and is under 30 KB."""
    async with feishu.rig(tmp_path, "card") as rig:
        await rig.send(
            message(held(added=many(1000, 11), removed=many(1000, 12)), console="https://g.example")
        )
        (content,) = rig.arrived()
        shown = texts(content)
        assert shown.count("+ 11.") >= 300
        assert f"and {1000 - shown.count('+ 11.')} more" in shown
        assert len(json.dumps(content, ensure_ascii=False).encode()) < BODY_MOST
