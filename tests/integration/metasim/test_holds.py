"""Restrictions as a caller meets them: by account, by app, by token; and what the books say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.metasim.stage import (
    ACCOUNT,
    OTHER_TOKEN,
    TOKEN,
    Meta,
    error_of,
)


async def order(meta: Meta, *faults: dict[str, Any]) -> None:
    """Order these faults and no others."""
    await meta.sim("PUT", "/config", {"faults": list(faults)})


async def passes(meta: Meta, seconds: float) -> None:
    """Let the simulated clock be so far ahead."""
    await meta.sim("PUT", "/config", {"clock": {"offset_s": seconds}})


async def test_what_is_sent_while_held_is_refused_and_judged(meta: Meta) -> None:
    """After a restriction's grace every send is refused alike, until it is over."""
    igsid = (await meta.write())["igsid"]
    restriction = {"preset": "policy_block", "times": 1, "hold_s": 600, "hold_grace_s": 60}
    await order(meta, restriction)
    answers = [await meta.send(igsid), await meta.send(igsid)]  # the second was under way
    await passes(meta, 300)
    answers.append(await meta.send(igsid))
    await passes(meta, 700)
    after = await meta.send(igsid)

    judgement = await meta.judgement()
    assert [(400, 368, None)] * 3 == [error_of(answer) for answer in answers]
    assert 200 == after[0]
    assert ["fault", "under_way"] == [one["reason"] for one in judgement["refused"]]
    (held,) = judgement["while_held"]
    assert (ACCOUNT, 368, False) == (held["account_id"], held["code"], judgement["ok"])


async def test_a_probe_is_excused(meta: Meta) -> None:
    """One call after each interval may look, and is refused without blame."""
    igsid = (await meta.write())["igsid"]
    restriction = {"preset": "sending_restricted", "times": 1, "hold_s": 600, "probe_s": 100}
    await order(meta, restriction)
    await meta.send(igsid)
    for moment_s in (100, 201):
        await passes(meta, moment_s)
        assert (400, 10, 1893063) == error_of(await meta.send(igsid))

    judgement = await meta.judgement()
    assert ["fault", "probe", "probe"] == [one["reason"] for one in judgement["refused"]]
    assert judgement["ok"]


async def test_a_hold_outlives_its_fault_until_it_is_lifted(meta: Meta) -> None:
    """Ordering other faults lifts no restriction; asking for it does."""
    igsid = (await meta.write())["igsid"]
    await order(meta, {"preset": "policy_block", "hold_s": 600})
    await meta.send(igsid)
    await order(meta)
    still = await meta.send(igsid)
    lifted = await meta.sim("DELETE", f"/holds?account_id={ACCOUNT}")

    assert (400, 368, None) == error_of(still)
    assert {"lifted": 1} == lifted
    assert 200 == (await meta.send(igsid))[0]


async def test_other_accounts_go_on_unless_the_app_is_limited(meta: Meta) -> None:
    """A restriction is one account's; code 4 stops every call of every account, with the header."""
    igsid = (await meta.write())["igsid"]
    await order(meta, {"preset": "policy_block", "times": 1, "hold_s": 600})
    await meta.send(igsid)
    other = await meta.graph("GET", "/me", token=OTHER_TOKEN)
    await order(meta, {"preset": "app_limited", "times": 1, "hold_s": 60})
    await meta.graph("GET", "/me", token=OTHER_TOKEN)
    headers = {"Authorization": f"Bearer {OTHER_TOKEN}"}
    async with meta.http.get("/me", headers=headers) as limited:
        told, code = limited.headers, (await limited.json())["error"]["code"]
    await passes(meta, 61)
    after = await meta.graph("GET", "/me", token=OTHER_TOKEN)

    assert (200, 4, 200) == (other[0], code, after[0])
    assert 100 == json.loads(told["X-App-Usage"])["call_count"]
    assert "X-Business-Use-Case-Usage" not in told


async def test_a_stranger_restricts_nobody(meta: Meta) -> None:
    """A refusal of a token nobody has holds no account."""
    await order(meta, {"preset": "budget_exhausted", "times": 1, "hold_s": 600})
    refused = await meta.graph("GET", "/me", token="nobody's")

    assert (400, 80002, None) == error_of(refused)
    assert 200 == (await meta.graph("GET", "/me"))[0]


async def test_reads_in_a_restriction_are_refused_and_not_judged(meta: Meta) -> None:
    """An empty budget refuses reads as well; only what is sent is held against the sender."""
    await order(meta, {"preset": "budget_exhausted", "times": 1, "hold_s": 600})
    for moment_s in (0, 100):
        await passes(meta, moment_s)
        assert (400, 80002, None) == error_of(await meta.graph("GET", "/me"))

    judgement = await meta.judgement()
    assert ([], 2) == (judgement["while_held"], len(judgement["refused"]))


async def test_the_header_says_how_long(meta: Meta) -> None:
    """80002 comes with the account at 100 % and the minutes that are left."""
    await order(meta, {"preset": "budget_exhausted", "times": 1, "hold_s": 600})
    headers = {"Authorization": f"Bearer {TOKEN}"}
    minutes = []
    for moment_s in (0, 301):
        await passes(meta, moment_s)
        async with meta.http.get("/me", headers=headers) as answer:
            (told,) = json.loads(answer.headers["X-Business-Use-Case-Usage"])[ACCOUNT]
            assert 100 == told["call_count"]
            assert "X-App-Usage" not in answer.headers
        minutes.append(told["estimated_time_to_regain_access"])

    assert [10, 5] == minutes


@pytest.mark.parametrize(
    ("preset", "subcode"),
    [
        ("token_dead", None),
        ("password_changed", 460),
        ("token_revoked", 467),
        ("app_removed", 458),
        ("token_expired", 463),
    ],
)
async def test_a_dead_token_stays_dead_until_there_is_a_new_one(
    meta: Meta, preset: str, subcode: int | None
) -> None:
    """Every call of the account is refused alike; a new token works, the old one never again."""
    igsid = (await meta.write())["igsid"]
    await order(meta, {"preset": preset, "account_id": ACCOUNT, "times": 1})
    dead = [await meta.send(igsid), await meta.graph("GET", "/me")]
    other = await meta.graph("GET", "/me", token=OTHER_TOKEN)
    await meta.sim("PUT", f"/accounts/{ACCOUNT}", {"username": "shop", "token": "new"})

    assert [(400, 190, subcode)] * 2 == [error_of(answer) for answer in dead]
    assert 200 == other[0]
    assert 200 == (await meta.graph("GET", "/me", token="new"))[0]
    assert 400 == (await meta.graph("GET", "/me"))[0]


async def test_a_check_of_the_owner_kills_no_token(meta: Meta) -> None:
    """After a checkpoint the same token works again."""
    await order(meta, {"preset": "account_checkpointed", "times": 1})
    answers = [await meta.graph("GET", "/me") for _ in range(2)]

    assert (400, 190, 459) == error_of(answers[0])
    assert 200 == answers[1][0]


async def test_faults_end_on_the_simulated_clock(meta: Meta) -> None:
    """`after_s` and `for_s` go by the clock that can be moved."""
    await order(meta, {"preset": "app_limited", "after_s": 1000, "for_s": 1000})
    statuses = []
    for moment_s in (0, 1500, 2001):
        await passes(meta, moment_s)
        statuses.append((await meta.graph("GET", "/me", token=OTHER_TOKEN))[0])

    assert [200, 400, 200] == statuses


async def test_presets_are_listed(meta: Meta) -> None:
    """Whoever orders faults can ask which names there are."""
    told = (await meta.sim("GET", "/presets"))["presets"]

    assert 368 == told["policy_block"]["code"]
