"""`intents ...` for an account: what an owner does with intents, and with what people wrote."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import typer
from pydantic import TypeAdapter, ValidationError

from switchboard.cli import accounts, archive, evaluation, telling
from switchboard.cli.accounts import Account
from switchboard.cli.asking import Account as Asked
from switchboard.cli.asking import Asking, Who, learn_calibration, open_asking
from switchboard.cli.database import open_database, reading
from switchboard.cli.failing import EXIT_FOUND, CannotDo
from switchboard.cli.labelled import NONE_LABELS, read_samples, read_text
from switchboard.contracts import Calibration, IntentOption
from switchboard.db import labels, rules
from switchboard.db.labels import Label
from switchboard.db.pool import Queryable
from switchboard.intents.checking import Fault, check
from switchboard.intents.confidence import UNCORRECTED
from switchboard.intents.encoder import BuiltIn
from switchboard.intents.evaluating import Answered, report
from switchboard.intents.samples import Sample, part_as_said
from switchboard.intents.suggesting import suggest as suggestions
from switchboard.intents.tiers import Thresholds

_INTENTS: Final[TypeAdapter[list[IntentOption]]] = TypeAdapter(list[IntentOption])


async def check_(file: str | None, account: str | None, who: Who, *, as_json: bool) -> int:
    """Print what is wrong with intents, and whether the models can do what they are for."""
    if (file is None) == (account is None):
        raise CannotDo("give FILE or --account: which intents are to be checked?")
    intents = read_intents(file) if file is not None else (await _loaded(str(account))).intents
    faults = check(intents)
    errors = _errors(faults)
    if not as_json:
        _tell(faults)
    async with open_asking(who):
        pass  # which refuses a model that is not there, or cannot do what it is for
    if as_json or not errors:
        told = {"errors": errors, "faults": [one._asdict() for one in faults]}
        telling.done(told, "They can be published.", as_json=as_json)
    return EXIT_FOUND if errors else 0


async def publish(file: str, account: str, *, as_json: bool) -> int:
    """Make the intents in `file` the account's, unless something is wrong with them (then 1)."""
    intents = read_intents(file)
    faults = check(intents)
    told = {
        "published": False,
        "intents": len(intents),
        "faults": [one._asdict() for one in faults],
    }
    if not as_json:
        _tell(faults)
    if _errors(faults):
        if as_json:
            telling.as_json(told)
        sys.stderr.write("switchboard: not published; mend the errors first\n")
        return EXIT_FOUND
    async with open_database() as db, db.transaction() as tx:
        of = await accounts.account(tx, account)
        await labels.replace_intents(tx, of.id, of.workspace_id, intents)
    examples = sum(len(intent.examples) for intent in intents)
    telling.done(
        told | {"published": True},
        f"{len(intents)} intents with {examples} examples are live.",
        as_json=as_json,
    )
    return 0


async def show(account: str) -> int:
    """Print an account's intents as `publish` reads them."""
    telling.as_json(list((await _loaded(account)).intents))
    return 0


async def label(event: str, intent: str, *, as_json: bool) -> int:
    """Say what somebody wanted; `none`: nothing that the account has an intent for."""
    wanted = None if intent.casefold() in NONE_LABELS else intent
    async with open_database() as db:
        history = (await archive.find(db, event))[0]
        past, text = history.past, str(history.past.event.get("text") or "")
        if not text:
            raise CannotDo(f"event {past.event_id} has no text that could express anything")
        if past.account is None or past.workspace_id is None:
            raise CannotDo(f"event {past.event_id} is no account's")
        await _require_known(db, past.account, wanted)
        said = Label(
            text=text,
            intent=wanted,
            event_id=past.event_id,
            person_id=past.person_id,
            answered=history.classified(),
        )
        await labels.keep(db, past.account, past.workspace_id, [said])
    telling.done(
        {"event_id": past.event_id, "intent": wanted},
        f"Kept: {telling.printable(text[:60])!r} is {wanted or 'none of the intents'}.",
        as_json=as_json,
    )
    return 0


async def learn(file: str, account: str, *, as_json: bool) -> int:
    """Keep labelled texts from a file as the account's history."""
    samples = read_samples(file)
    async with open_database() as db:
        of = await accounts.account(db, account)
        said = [Label(text=one.text, intent=one.label) for one in samples]
        await labels.keep(db, of.id, of.workspace_id, said)
    kept = len(samples)
    telling.done({"kept": kept}, f"{kept} labelled texts are kept.", as_json=as_json)
    return 0


async def evaluate(account: str, who: Who, *, as_json: bool, plot: str | None) -> int:
    """Print the report on an account's labelled history."""
    owned = await _loaded(account)
    _require_history(owned)
    async with open_asking(who) as asking:
        _, answered = await _answered(asking, owned)
    told = report(
        answered,
        intents=len(owned.intents),
        examples=sum(len(intent.examples) for intent in owned.intents),
        threshold=owned.thresholds.believed,
    )
    evaluation.tell([told], as_json=as_json, plot=plot, title=owned.of.username)
    return 0


async def suggest(account: str, who: Who, *, most: int, as_json: bool) -> int:
    """Print which missed texts would make the best examples."""
    owned = await _loaded(account)
    _require_history(owned)
    async with open_asking(who) as asking:
        _, answered = await _answered(asking, owned)
    known = {text for intent in owned.intents for text in intent.examples}
    found = [
        one
        for one in suggestions(
            answered, BuiltIn(), threshold=owned.thresholds.believed, most=most + len(known)
        )
        if one.text not in known
    ][:most]
    if as_json:
        telling.as_json(found)
    elif not found:
        typer.echo("Nothing that is labelled was missed.")
    else:
        rows = [
            (one.text, f"to {one.intent}", str(one.speaks_for), one.taken_for or "-")
            for one in found
        ]
        telling.columns([("add", "as an example", "misses", "taken for"), *rows])
    return 0


async def calibrate(account: str, who: Who, *, threshold: float | None, as_json: bool) -> int:
    """Measure confidence on the labelled history, and let it be corrected from now on."""
    owned = replace(await _loaded(account), calibration=UNCORRECTED)
    _require_history(owned)
    async with open_asking(who) as asking:
        measured, answered = await _answered(replace(asking, model=None), owned)
    found = learn_calibration(answered, measured.recogniser.measure, _models_past(measured, owned))
    async with open_database() as db, db.transaction() as tx:
        await labels.set_calibration(tx, owned.of.id, found)
        if threshold is not None:
            await labels.set_threshold(tx, owned.of.id, threshold)
    before = report(answered, intents=1, examples=1, threshold=owned.thresholds.believed)
    telling.done(
        {
            "calibration": found,
            "threshold": threshold,
            "missed_by_before": before.calibration_error,
        },
        f"{found.labels} labels: slope {found.slope:.2f}, shift {found.shift:+.2f}; confidence had "
        f"missed by {evaluation.percent(before.calibration_error)}.",
        f"The chat model counts as right {found.model_agrees:.0%} of the time where the examples "
        f"agree, and {found.model_differs:.0%} where they do not.",
        as_json=as_json,
    )
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owned:
    """An account with its intents, what is asked of confidence, and its labelled history."""

    of: Account
    intents: tuple[IntentOption, ...]
    thresholds: Thresholds
    calibration: Calibration
    history: Sequence[Label]


async def _loaded(account: str) -> _Owned:
    async with reading() as db:
        of = await accounts.account(db, account)
        loaded = await rules.load(db, [of.instagram_id])
        history = await labels.history(db, of.id)
    if not loaded:
        raise CannotDo(f"--account: {of.username} is not connected")
    (own,) = loaded
    usual = Thresholds()
    believed = usual.believed if own.asking.threshold is None else own.asking.threshold
    return _Owned(
        of=of,
        intents=own.intents,
        thresholds=Thresholds(believed=believed, clear=max(usual.clear, believed)),
        calibration=own.asking.calibration or UNCORRECTED,
        history=history,
    )


async def _answered(asking: Asking, owned: _Owned) -> tuple[Asked, list[Answered]]:
    """Return what the history's texts would be answered; a text that is an example is left out."""
    known = {example for intent in owned.intents for example in intent.examples}
    samples = [Sample(one.text, one.intent) for one in owned.history if one.text not in known]
    recogniser = await asking.recogniser(owned.intents, [one.text for one in samples])
    fits = owned.calibration.measure == recogniser.measure
    calibration = owned.calibration if fits else UNCORRECTED
    asked = Asked(recogniser, owned.intents, owned.thresholds, calibration)
    parted = part_as_said([], samples, examples=None, seed=1)
    return asked, await asking.answer(asked, parted.asked)


def _models_past(asked: Asked, owned: _Owned) -> tuple[list[bool], list[bool]]:
    """Return whether the chat model's past answers were right: where examples agree, and not."""
    agrees: list[bool] = []
    differs: list[bool] = []
    for one in owned.history:
        answered = one.answered or {}
        chosen = answered.get("intent") or answered.get("guess")
        if answered.get("by") != "model" or chosen is None:
            continue
        best = asked.recogniser.rank(one.text).best
        where = agrees if best is not None and best.name == chosen else differs
        where.append(chosen == one.intent)
    return agrees, differs


async def _require_known(db: Queryable, account: object, intent: str | None) -> None:
    rows = await db.fetch("select name from public.intents where account_id = $1", account)
    names = sorted(row["name"] for row in rows)
    if intent is not None and intent not in names:
        raise CannotDo(f"there is no intent {intent!r}; there are {', '.join(names) or 'none'}")


def _require_history(owned: _Owned) -> None:
    if not owned.intents:
        raise CannotDo(f"{owned.of.username} has no intents; see `switchboard intents publish`")
    if not owned.history:
        raise CannotDo(
            f"{owned.of.username} has no labelled texts; `switchboard intents label` makes some"
        )


def read_intents(file: str) -> list[IntentOption]:
    """
    Return the intents in `file`: a JSON list of them, or labelled texts that are their examples.

    Raises:
        CannotDo: It is neither.
    """
    written = read_text(file)
    if written.lstrip()[:1] == "[" and '"examples"' in written:
        try:
            return _INTENTS.validate_json(written)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, fault["loc"]))
            raise CannotDo(f"{file}: {where}: {fault['msg']}") from None
    parted = part_as_said(read_samples(file), [], examples=None, seed=1)
    return list(parted.intents)


def _tell(faults: Sequence[Fault]) -> None:
    telling.lines(map(str, faults), indent="")


def _errors(faults: Sequence[Fault]) -> int:
    return sum(fault.severity == "error" for fault in faults)
