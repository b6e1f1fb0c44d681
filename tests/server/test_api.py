"""The API's documents are the command line's own, and a person's word takes effect."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatepost.engine.approval import newest_plans
from gatepost.engine.asking import ask, check_document
from gatepost.engine.explaining_values import explain_value, value_document
from gatepost.engine.health import health_document, health_of
from gatepost.engine.report import serial_document, time_text, waiting_document
from gatepost.model.plan import Outcome
from gatepost.planning.normalise import parse_value
from rigs.serving import TEN, bearer

pytestmark = pytest.mark.anyio

CLOCKS = {"attempt", "success", "accepted", "change"}


async def test_documents_lose_no_member(open_house):
    """Status, plans, history and check are what the engine's own documents are, member by member."""
    await open_house.held()
    site = open_house.site
    assert (await open_house.get("/v1/status")).json() == health_document(health_of(site))
    plans = (await open_house.get("/v1/plans")).json()
    assert plans["plans"] == [waiting_document(plan, {}) for plan in newest_plans(site)]
    assert [one["source"] for one in plans["held"]] == ["events"]
    history = (await open_house.get("/v1/history/webhooks")).json()
    serials = [serial_document(one) for one in site.store.serials("webhooks")]
    assert history == {"list": "webhooks", "serials": serials}
    for value in ("101.126.59.7", "101.126.59.0/30", "9.9.9.9"):
        found = (await open_house.get(f"/v1/check?value={value}")).json()
        expected = check_document(ask(site, parse_value(value)))
        assert found == expected | {"at": found["at"]}
        assert list(found) == ["value", "at", "allowed", "lists"]


async def test_check_knows_lists_and_times(open_house):
    """`list` may come several times; `at` goes back; what is unknown or odd is told."""
    await open_house.cycle(*TEN)
    before = open_house.clock.now().isoformat().replace("+", "%2B")
    open_house.clock.advance(open_house.desk.settings.options.session)
    await open_house.cycle(*TEN, "9.9.9.9")
    one = (await open_house.get("/v1/check?value=9.9.9.9&list=webhooks&list=empty")).json()
    assert one["allowed"]
    assert [each["list"] for each in one["lists"]] == ["webhooks"]
    assert not (await open_house.get(f"/v1/check?value=9.9.9.9&at={before}")).json()["allowed"]
    unknown = await open_house.get("/v1/check?value=9.9.9.9&list=nope")
    assert (unknown.status_code, unknown.json()["error"]["kind"]) == (404, "NothingThere")
    for query in ("", "value=", "value=010.1.1.1", "value=9.9.9.9&at=soon", "value=1.1.1.1&value=2.2.2.2"):
        wrong = await open_house.get(f"/v1/check?{query}")
        assert (wrong.status_code, wrong.json()["error"]["kind"]) == (400, "RequestInvalid"), query
    assert (await open_house.get("/v1/check?value=9.9.9.9&colour=red")).status_code == 400


async def test_a_held_plan_is_approved_over_http(locked):
    """The word is recorded with who, why and when, the list is looked at at once, and then it is applied."""
    digest = await locked.held()
    session = await locked.log_in("bob")
    path = f"/v1/plans/{digest}/approve"
    answer = await locked.ask("POST", path, json={"why": "they told us"}, **session)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["digest"], told["word"], told["why"]) == (digest, "approve", "they told us")
    assert told["who"] == "bob@web"
    assert locked.woken == ["webhooks"]
    audit = (await locked.get("/v1/audit", **bearer("vera"))).json()
    assert audit["words"] == [told]
    assert [(one["event"], one["who"]) for one in audit["entrances"]] == [("login", "bob")]
    report = await locked.cycle()
    assert report.turns[0].held == ()
    assert report.results[0].outcome in {Outcome.APPLIED, Outcome.UNCHANGED}


async def test_a_word_needs_a_reason_and_something_that_waits(open_house):
    """Blank reasons are refused, so are digests that nothing has; nothing is recorded then."""
    digest = await open_house.held()
    for body in ({}, {"why": ""}, {"why": "  "}, {"why": 7}, {"why": "x", "more": 1}, {"why": "x" * 2001}):
        answer = await open_house.ask("POST", f"/v1/plans/{digest}/reject", json=body)
        assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "RequestInvalid"), body
    lost = f"/v1/plans/sha256:{'0' * 64}/reject"
    assert (await open_house.ask("POST", lost, json={"why": "x"})).status_code == 404
    assert (await open_house.ask("POST", "/v1/plans/sha256:12/reject", json={"why": "x"})).status_code == 400
    assert open_house.site.store.words(10) == ()
    done = await open_house.ask("POST", f"/v1/plans/{digest}/reject", json={"why": "no"})
    assert done.json()["who"] == "nobody, not logged in, from 192.0.2.9"
    assert open_house.woken == []


async def test_what_is_absolute_no_word_changes(open_house):
    """An emptied list is held for good: approving it is a conflict, and not recorded."""
    await open_house.cycle(*TEN)
    open_house.source.answer = ()
    report = await open_house.cycle()
    held = report.turns[0].held
    assert held, "an empty answer is held"
    answer = await open_house.ask("POST", f"/v1/plans/{held[0].digest}/approve", json={"why": "x"})
    assert answer.status_code == 409
    assert open_house.site.store.words(10) == ()


async def test_why_it_is_held_in_one_paragraph(open_house):
    """Target, list, counts, values, the guard with measure and limit, and what to do, without a line end."""
    digest = await open_house.held()
    told = (await open_house.get(f"/v1/explain/{digest}")).json()
    paragraph = told["paragraph"]
    assert told["status"] == "held"
    assert "target edge" in paragraph
    assert "list webhooks" in paragraph
    for reason in told["reasons"]:
        assert reason["message"] in paragraph
        assert f"({reason['measured']}, limit {reason['limit']})" in paragraph
        assert f"(guard {reason['guard']}.)" in paragraph
    assert "\n" not in paragraph
    held = (await open_house.get("/v1/plans")).json()["held"][0]
    answer = (await open_house.get(f"/v1/explain/{held['digest']}")).json()["paragraph"]
    assert "source events" in answer
    assert "9 entries go (101.126.59.1/32" in answer
    assert "and 4 more" in answer
    await open_house.ask("POST", f"/v1/plans/{digest}/reject", json={"why": "ticket 7"})
    again = (await open_house.get(f"/v1/explain/{digest}")).json()["paragraph"]
    assert "rejected it at 2026-01-05T09:00:00Z: ticket 7. It changes nothing in force" in again
    assert again.endswith(f'To take the rejection back: `gatepost approve {digest[:19]} --why "…"`.')
    for one in (await open_house.get("/v1/plans")).json().values():
        assert [thing["word"]["word"] for thing in one] == ["reject"]
    told = (await open_house.get("/v1/status")).json()
    assert [thing["word"]["why"] for thing in (*told["held"], *told["answers"])] == ["ticket 7", "ticket 7"]
    assert (await open_house.get(f"/v1/explain/sha256:{'1' * 64}")).status_code == 404


async def test_metrics_have_a_clock_for_each_step(open_house):
    """Attempt, success, accepted, change; change of the list; applied and verified of the target."""
    report = await open_house.cycle(*TEN)
    seen: dict[str, tuple] = {}
    open_house.desk.metrics.observe(report, seen)
    open_house.desk.metrics.observe(await open_house.cycle(*TEN, "9.9.9.9"), seen)
    await open_house.held()
    text = (await open_house.get("/metrics")).text
    found = {one.name: one for one in text_string_to_metric_families(text)}
    now = open_house.clock.now().timestamp()
    for clock in CLOCKS:
        (sample,) = found[f"gatepost_source_last_{clock}_timestamp_seconds"].samples
        assert sample.labels == {"source": "events"}
        assert sample.value <= now
    for clock in ("applied", "verified", "attempt"):
        assert found[f"gatepost_target_last_{clock}_timestamp_seconds"].samples[0].value <= now
    entries = {tuple(one.labels.values()): one.value for one in found["gatepost_list_entries"].samples}
    assert entries["ipv4", "webhooks"] == 3
    ops = {
        one.labels["op"]: one.value for one in found["gatepost_list_changes"].samples if "_total" in one.name
    }
    assert ops == {"add": 1, "remove": 0}
    assert found["gatepost_target_in_sync"].samples[0].value == 1
    assert found["gatepost_list_held"].samples[1].value == 1
    assert "gatepost_build_info" in found
    assert all(name.startswith(("gatepost_", "process_")) for name in found)


async def test_the_fast_check_follows_the_list(open_house):
    """What was answered from memory is answered anew once the list moved."""
    await open_house.cycle(*TEN)
    path = "/v1/check?value=9.9.9.9"
    assert not (await open_house.get(path)).json()["allowed"]
    await open_house.cycle(*TEN, "9.9.9.9")
    assert (await open_house.get(path)).json()["allowed"]
    head = await open_house.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len((await open_house.get(path)).content)


async def test_why_an_address_is_allowed(open_house):
    """The engine's own document, member by member; an unknown list is 404, odd text 400."""
    await open_house.held()
    for value in ("101.126.59.3", "9.9.9.9"):
        found = (await open_house.get(f"/v1/explain?value={value}")).json()
        expected = value_document(explain_value(open_house.site, parse_value(value)))
        assert found == expected | {"at": found["at"]}
        assert found["lists"][0]["paragraph"] in found["paragraph"]
    assert (await open_house.get("/v1/explain?value=9.9.9.9&list=nope")).status_code == 404
    assert (await open_house.get("/v1/explain?value=010.1.1.1")).status_code == 400


async def test_a_short_digest_is_enough(open_house):
    """As status shows it, with or without the algorithm, in any case; what is too short names nothing."""
    digest = await open_house.held()
    for named in (digest[:19], digest[7:19], digest.upper()):
        told = (await open_house.get(f"/v1/explain/{named}")).json()
        assert told["digest"] == digest
    done = await open_house.ask("POST", f"/v1/plans/{digest[7:19].upper()}/reject", json={"why": "x"})
    assert done.json()["digest"] == digest
    assert (
        await open_house.ask("POST", "/v1/plans/sha256:0000000000/reject", json={"why": "x"})
    ).status_code == 404
    assert (await open_house.get("/v1/explain/sha256:0000000000")).status_code == 404
    assert (await open_house.get(f"/v1/explain/{digest[:12]}")).status_code == 400


async def test_a_moment_to_come_has_no_entries(open_house):
    """What a list holds then nobody knows; what is past or now is answered."""
    await open_house.held()
    now = time_text(open_house.site.clock.now())
    assert (await open_house.get(f"/v1/entries/webhooks?at={now}")).status_code == 200
    answer = await open_house.get("/v1/entries/webhooks?at=2036-01-05T09:00:00Z")
    assert answer.status_code == 400
    assert "yet to come" in answer.json()["detail"]
