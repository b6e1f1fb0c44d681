"""The configuration, the options, the safety defaults and the emulator: each line of the ledger is read.

The program was asked once for the module; each test reads what one run gave.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from rigs import ledger
from rigs.history import passed
from rigs.ledger import Checks, cases, lines, reach
from rigs.program import Program
from rigs.settings_world import CLASSIC, SMALL, World, ask, name_of, settled

COMMON = ("--config", "--json", "-q", "-v", "--lang")
config, emulator_, guards = Checks("config"), Checks("emulator"), Checks("guards")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    """Asked once."""
    with settled(tmp_path_factory.mktemp("settings")) as made:
        yield made


@pytest.mark.parametrize("line", cases("commands"))
def test_a_command_takes_its_options(world, line):
    """Its help names them, and those that every command takes."""
    told = world.runs[f"help {line.item}"].ended(0).out
    words = set(re.findall(r"--?[a-z-]+|\[?[A-Z]+\]?", told))
    assert {*line.says.split(), *COMMON} - words == set()
    assert f"gatepost {line.item} " in told


@pytest.mark.parametrize("line", cases("shown"))
def test_a_key_is_read_and_shown(world, line):
    """`config show` of the example has it, with its value."""
    assert list(reach(world["example"], line.item)) == [json.loads(line.says)]


@pytest.mark.parametrize("line", cases("defaults"))
def test_a_default(world, line):
    """`config show` of a file that does not name it."""
    assert list(reach(world["show"], line.item)) == [json.loads(line.says)]


@pytest.mark.parametrize("line", cases("hosts"))
def test_the_host_that_is_asked(world, line):
    """Without base_url the platform's own: a fetch where no name is known says what it could not reach."""
    source = next(one for one in world["real"]["sources"] if one["source"] == line.item.replace("_", "-"))
    assert f" {line.says}" in source["error"]["message"]


@pytest.mark.parametrize("line", cases("kinds"))
def test_a_kind_of_source(world, line):
    """It asks that path, is complete, and has that direction."""
    method, path, direction = line.says.split(" ")
    name, (kind, *rest) = name_of(line.item), line.item.split(" ")
    source = next(one for one in world["fetch"]["sources"] if one["source"] == name)
    assert (source["kind"], source["direction"], source["outcome"]) == (kind, direction, "complete")
    assert source["entries"]
    platforms = [f"{one['method']} /{one['platform']}{one['path']}" for one in world.journal]
    assert method == "-" or f"{method} {path}" in (*platforms, *world.asked)
    if kind == "tencent_chat.ips":
        assert rest[0] in {one["query"].get("nettype") for one in world.journal}


def test_mixed_directions_are_refused(world):
    """Of nettype 0, which has both: refused unless the source says its own direction."""
    error = world.runs["nettype 0"].ended(1).error
    assert error["kind"] == "ConfigInvalid"
    assert "direction" in error["message"]


@pytest.mark.parametrize("line", cases("config"))
def test_configuration(world, line):
    """As the line says."""
    config.read(line, world)


@pytest.mark.parametrize("line", cases("emulator"))
def test_emulator(world, line):
    """As the line says."""
    emulator_.read(line, world)


@pytest.mark.parametrize("line", cases("guards"))
def test_guard(program, line):
    """As the line says."""
    guards.read(line, program)


@pytest.mark.parametrize("section", ["options", "deeds"])
def test_what_other_modules_read(section):
    """Every line of these sections names its test."""
    assert [line.item for line in lines(section) if not line.by] == []


def test_nothing_is_read_that_is_not_promised():
    """No reader without its line."""
    assert [found for checks in (config, emulator_, guards) for found in checks.strangers()] == []


def refused(world: World, name: str, *words: str) -> None:
    """Exit 1, ConfigInvalid, with these words."""
    error = world.runs[name].ended(1).error
    assert error["kind"] == "ConfigInvalid"
    assert [word for word in words if word not in error["message"]] == []


def good(world: World, name: str) -> None:
    """Nothing is wrong with it."""
    document = world.runs[name].ended(0).document
    assert (document["ok"], document["problems"]) == (True, [])


@config("a wrong key")
def _(world):
    refused(world, "wrong key", "gatepost.toml:8: sources.own.entires", "'entries'")


@config("a wrong type")
def _(world):
    refused(world, "wrong type", "gatepost.toml:9: sources.c.nettype")


@config("a wrong reference")
def _(world):
    refused(world, "wrong reference", "gatepost.toml:12: lists.webhooks.sources", "'won'", "(own)")


@config("store: url")
def _(world):
    assert world["example"]["store"]["url"].endswith("/example/gatepost.db")


@config("store: default")
def _(world):
    url = world["default store"]["store"]["url"]
    assert url.startswith("sqlite:////")
    assert url.endswith("/state/gatepost/gatepost.db")


@config("store: postgresql+psycopg")
def _(world):
    assert world["postgres"]["store"]["url"] == "postgresql+psycopg://db/gate"


@config("secret: env:NAME")
def _(world):
    good(world, "env")
    assert "env:UNSET" in world.runs["env unset"].ended(1).document["problems"][0]


@config("secret: file:PATH")
def _(world):
    good(world, "file")
    assert "secret.none" in world.runs["file missing"].ended(1).document["problems"][0]


@config("secret: keyring:SERVICE/USER")
def _(world):
    good(world, "keyring")
    assert "keyring:gatepost/nobody" in world.runs["keyring missing"].ended(1).document["problems"][0]


def not_asked(world: World, name: str) -> dict[str, str]:
    """The error of a source that could not be fetched."""
    (source,) = world.runs[name].ended(4).document["sources"]
    error: dict[str, str] = source["error"]
    return error


@config("base_url: http beyond loopback")
def _(world):
    assert "http to loopback only" in world.runs["http beyond"].ended(1).document["error"]["message"]


@config("base_url: http to loopback")
def _(world):
    assert world.url.startswith("http://127.0.0.1:")
    assert {one["outcome"] for one in world["fetch"]["sources"]} == {"complete"}


@config("base_url: another host")
def _(world):
    told = world.runs["other host"].ended(1).document["error"]["message"]
    assert all(words in told for words in (".toml:", "'gate.example'", "open.feishu.cn", "allow_custom_host"))


@config("allow_custom_host")
def _(world):
    error = not_asked(world, "allowed host")
    assert (error["kind"], "gate.example" in error["message"]) == ("ConnectFailed", True)


def token_requests(world: World, app: str) -> set[str]:
    """Paths by which tokens of a WeChat app were asked for."""
    found = [one for one in world.journal if one["platform"] == "wechat"]
    return {one["path"] for one in found if app in json.dumps([one["query"], one["body"]])}


@config("token: stable")
def _(world):
    assert token_requests(world, "wxa1b2c3d4e5f60001") == {"/cgi-bin/stable_token"}


@config("token: classic")
def _(world):
    assert token_requests(world, CLASSIC) == {"/cgi-bin/token"}


def of_own_token(world: World, name: str) -> None:
    """It was complete, and the platform was asked for no token."""
    source = next(one for one in world["fetch"]["sources"] if one["source"] == f"token-{name}")
    assert source["outcome"] == "complete"
    assert token_requests(world, "wx00000000000000f1") == set()


@config("token: file:PATH")
def _(world):
    of_own_token(world, "file")


@config("token: url:…")
def _(world):
    of_own_token(world, "url")
    assert "GET /token" in world.asked


@config("lists: the other direction")
def _(world):
    refused(world, "other direction", "lists.webhooks.sources", "ingress", "egress")


@config("guards: for all")
def _(world):
    shown = world["guards for all"]
    assert (shown["guards"]["absences"], shown["lists"]["webhooks"]["guards"]["absences"]) == (5, 5)


@config("guards: for one")
def _(world):
    shown = world["guards for all"]
    assert (shown["guards"]["max_churn"], shown["lists"]["webhooks"]["guards"]["max_churn"]) == (0.5, 0.25)


@config("guards: every setting in both places")
def _(world):
    shown = world.runs["every guard"].ended(0).document
    assert shown["guards"] == world["show"]["guards"]
    assert shown["lists"]["webhooks"]["guards"] == shown["guards"]


@emulator_("feishu", "wechat", "wecom", "chat")
def _(world, item):
    complete = {
        one["kind"].partition(".")[0] for one in world["fetch"]["sources"] if one["outcome"] == "complete"
    }
    assert {"chat": "tencent_chat"}.get(item, item) in complete
    asked = [one for one in world.journal if one["platform"] == item]
    assert {one["status"] for one in asked} == {200}
    assert all(one["path"].startswith(("/open-apis/", "/cgi-bin/", "/v4/")) for one in asked)


def outbound(world: World) -> list[str]:
    """Feishu's list, asked for as a client does."""
    app = {"app_id": "cli_a1b2c3d4e5f60001", "app_secret": "feishu-demo-app-secret-0000001"}
    token = ask(f"{world.url}/feishu/open-apis/auth/v3/tenant_access_token/internal", "POST", app)
    url = f"{world.url}/feishu/open-apis/event/v1/outbound_ip?page_size=50"
    found: list[str] = ask(url, Authorization=f"Bearer {token['tenant_access_token']}")["data"]["ip_list"]
    return found


@emulator_("sets lists")
def _(world):
    world.control("PUT", "lists/feishu/outbound_ip", ["101.126.59.7", "101.126.59.8"])
    assert outbound(world) == ["101.126.59.7", "101.126.59.8"]


WECHAT = {"grant_type": "client_credential", "appid": "wx00000000000000a9", "secret": "one of two"}


@emulator_("sets apps")
def _(world):
    world.control("PUT", f"apps/wechat/{WECHAT['appid']}", {"secrets": ["one of two", "another"]})
    assert "access_token" in ask(f"{world.url}/wechat/cgi-bin/stable_token", "POST", WECHAT)


@emulator_("sets the clock")
def _(world):
    world.control("POST", "clock", {"set": "2030-01-05T10:00:00Z", "freeze": True})
    assert world.control("GET", "clock")["now"] == "2030-01-05T10:00:00.000+00:00"


@emulator_("sets faults")
def _(world):
    number = world.control("POST", "faults", {"fault": "wrong-secret", "platform": "wechat"})["number"]
    assert [rule["number"] for rule in world.control("GET", "faults")] == [number]
    told = ask(f"{world.url}/wechat/cgi-bin/stable_token", "POST", WECHAT)
    assert "access_token" not in told
    world.control("DELETE", "faults")


@emulator_("dumps the state")
def _(world):
    state = world.control("GET", "state")
    assert {"apps", "lists", "tokens"} <= set(state)
    assert len(state["lists"]["wechat"]["callback_ip"]) == 20


@emulator_("dumps the journal")
def _(world):
    assert {"method", "path", "query", "headers", "body", "caller", "status", "code"} <= set(world.journal[0])
    assert "demo-app-secret" not in json.dumps(world.journal)


@guards("baseline")
def _(program: Program):
    program.write(SMALL + '[guards]\nabsences = 1\ngrace = "0s"\nmax_removed_entries = 0\n')
    program.json("apply")
    passed(program.folder / "history.db", timedelta(days=8))
    program.edit('"61.0.0.1", "61.0.1.1", ', "")
    program.json("apply")
    program.edit('"61.0.2.1", "61.0.3.1", ', "")
    (reason,) = program.json("plan", code=3)["lists"][0]["reasons"]
    assert (reason["guard"], reason["measured"]) == ("shrink", "40 %")
    assert ledger.KINDS["text"](reason["message"])
