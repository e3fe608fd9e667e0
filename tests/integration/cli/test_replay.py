"""What was decided comes out the same when it is decided again; what was changed is found."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from switchboard.db.pool import Database
from switchboard.rules.campaigns import CAMPAIGN_DEFINITION
from tests.integration.cli.conftest import Switchboard
from tests.integration.cli.past import Past
from tests.support.corpus import definitions

_SINCE = "2026-11-01"


async def test_thousands_of_decisions_come_out_the_same_twice(
    past: Past, switchboard: Switchboard
) -> None:
    """Every event of every kind, in eight scripts, across new versions of the rules, replays."""
    await past.play(1200)
    await past.publish("price", _without_gate("price"))
    await past.play(1200, past.start + timedelta(days=2))

    first = await switchboard("replay", "--since", _SINCE)
    second = await switchboard("replay", "--since", _SINCE, "--account", past.account)

    recorded = len({one.event.event_id for one in past.decided})
    assert recorded > 2400, "no wait has gone off"
    assert (0, f"{recorded:,} events identical, 0 different\n") == (first.code, first.out)
    assert first.out == second.out


async def test_every_kind_of_decision_is_among_them(past: Past) -> None:
    """The corpus is worth replaying: it meets answers, questions, refusals and what waits."""
    await past.play(1500)

    because = {one.decision.because for one in past.decided}
    stopped = {one.decision.stopped for one in past.decided}
    failed = {c.failed for one in past.decided for c in one.decision.considered}
    known = {type(one.decision.answer).__name__ for one in past.decided}

    assert because >= {
        *("keyword", "any_text", "payload", "referral", "intent", "tap", "answer_given", "time"),
        *("asks_classifier", "asks_follower", "asks_posts", "no_intent_recognised", "opted_out"),
        *("own_comment", "echo", "taken_over", "paused", "flow_over", "no_text", "clicked"),
    }
    assert stopped >= {"waits_for_tap", "waits_for_answer", "waits_for_time", "handed_over"}
    assert failed >= {"once", "excluded", "other_post", "reply", "outranked", "intent"}
    assert known >= {"Answered", "FollowerAnswered", "PostsAnswered", "OriginAnswered"}


async def test_a_changed_decision_is_found(
    past: Past, owner: Database, switchboard: Switchboard
) -> None:
    """One stored decision that says something else is named, with what it says and should say."""
    await past.play(60)
    changed = next(one for one in past.decided if one.decision.because == "keyword")
    await _tamper(owner, changed.event.event_id, "{because}", '"any_text"')

    ended = await switchboard("replay", "--since", _SINCE)

    assert 1 == ended.code
    assert f"event {changed.event.event_id}" in ended.out
    assert "because: stored 'any_text', again 'keyword'" in ended.out
    assert ", 1 different" in ended.out
    told = json.loads((await switchboard("replay", "--since", _SINCE, "--json")).out)
    (one,) = told["events"]
    assert (1, str(changed.event.event_id)) == (told["different"], one["event_id"])
    assert {"path": "because", "stored": "any_text", "again": "keyword"} in one["differences"]


async def test_rules_that_were_not_kept_are_a_difference(
    past: Past, owner: Database, switchboard: Switchboard
) -> None:
    """What cannot be decided again is not counted as the same."""
    await past.play(60)
    await owner.execute("delete from public.rule_books")

    ended = await switchboard("replay", "--since", _SINCE)

    assert 1 == ended.code
    assert "were not kept" in ended.out
    assert "0 events identical" in ended.out


async def test_another_campaign_in_its_place(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """Who would be answered, would not, or otherwise, is told; and nothing is sent or written."""
    await past.play(400)
    before = await _ledger(past.db)
    definition: dict[str, Any] = definitions()["named post"].model_dump(mode="json")
    definition["trigger"]["media_ids"] = None
    definition["steps"][0]["variants"] = [{"text": "Of any post"}]
    file = tmp_path / "campaign.json"
    file.write_text(json.dumps(definition))

    ended = await switchboard(
        *("replay", "--since", _SINCE, "--account", "shop", "--campaign", file),
        *("--as", past.campaigns["named post"]),
    )

    assert 0 == ended.code, ended.err
    assert 'then: private reply of named post "Of any post"' in ended.out
    assert "nothing was sent or written" in ended.out
    assert before == await _ledger(past.db)


async def test_the_same_campaign_in_its_place_changes_nothing(
    past: Past, tmp_path: Path, switchboard: Switchboard
) -> None:
    """A definition as it is published already makes no difference to anybody."""
    await past.play(400)
    file = tmp_path / "campaign.json"
    file.write_bytes(CAMPAIGN_DEFINITION.dump_json(definitions()["link"]))

    ended = await switchboard(
        *("replay", "--since", _SINCE, "--account", past.instagram_id, "--campaign", file),
        *("--as", past.campaigns["link"]),
    )

    assert 3 == ended.out.count("0 events of 0 people"), ended.out


def _without_gate(name: str) -> Any:
    """Return the campaign without its conditions: another version of it."""
    written = definitions()[name].model_dump(mode="json")
    return CAMPAIGN_DEFINITION.validate_python({**written, "conditions": {}})


async def _tamper(owner: Database, event_id: object, path: str, value: str) -> None:
    """Change a stored decision, past the trigger that forbids it."""
    async with owner.transaction() as tx:
        await tx.execute("alter table public.events disable trigger refuse_second_decision")
        await tx.execute(
            "update public.events set decision = jsonb_set(decision, $2::text[], $3::text::jsonb)"
            " where event_id = $1",
            event_id,
            path.strip("{}").split(","),
            value,
        )
        await tx.execute("alter table public.events enable trigger refuse_second_decision")


async def _ledger(db: Database) -> list[object]:
    rows = await db.fetch(
        "select (select count(*) from public.events) as events,"
        " (select count(*) from public.deliveries) as deliveries,"
        " (select sum(revision) from public.contacts) as revisions,"
        " (select count(*) from public.campaign_versions) as versions"
    )
    return [dict(row) for row in rows]  # type: ignore[call-overload]  # a record is a mapping
