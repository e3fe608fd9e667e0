"""Intents: what people may want, by examples; how well it is recognised."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.control.asked import Body
from services.control.envelope import READS_ONLY, Tx, resource
from services.control.paging import Cursors, CursorWritten, Limit, Page
from services.control.problems import Fault, conflict, forbidden, invalid, not_found
from services.control.recognising import Recognising
from services.control.repeats import IdempotencyKey
from services.control.resources.accounts import required as required_account
from services.control.revisions import EDITED, IfMatch, require, tag, unwritten
from switchboard.contracts import IntentOption
from switchboard.db import intents, labels, rules
from switchboard.intents import checking
from switchboard.intents.checking import (
    MAX_EXAMPLE_CHARACTERS,
    MAX_EXAMPLES,
    MAX_INTENTS,
    MAX_NAME_CHARACTERS,
)
from switchboard.intents.evaluating import Report
from switchboard.intents.samples import Sample

router = resource("", "intents")

_BY_NAME = Cursors[str](str)
# Half a second of one core is spent on a hundred, beside the loop and while the caller waits.
_MOST_EVALUATED: Final = 1_000
_MOST_FAULTS: Final = 20
_MOST_DESCRIBED: Final = 10_000  # characters; what is too much for a prompt is told by checking

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARACTERS)
]
Description = Annotated[str, StringConstraints(max_length=_MOST_DESCRIBED)]
Example = Annotated[str, StringConstraints(min_length=1, max_length=MAX_EXAMPLE_CHARACTERS)]


class Intent(BaseModel):
    """Something people may want."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    workspace_id: UUID
    account_id: UUID
    name: str
    description: str
    examples: list[str]
    revision: int
    created_at: datetime
    updated_at: datetime


class IntentWanted(Body):
    """Something people may want, to be recognised from now on."""

    name: Name
    description: Description = ""
    examples: list[Example] = Field(max_length=MAX_EXAMPLES)

    def option(self) -> IntentOption:
        """Return it as the classifier is told of it."""
        return IntentOption(
            name=self.name, description=self.description, examples=tuple(self.examples)
        )


class IntentChanged(Body):
    """An intent as somebody wants it to be; what is left out stays as it is."""

    name: Name = ""
    description: Description = ""
    examples: list[Example] = Field([], max_length=MAX_EXAMPLES)

    def over(self, stored: intents.Intent) -> IntentOption:
        """Return what `stored` becomes."""
        said = stored.option().model_dump() | self.model_dump(exclude_unset=True)
        return IntentOption.model_validate(said)


class IntentsAsked(Body):
    """Intents to be looked at; left out: the account's own."""

    intents: list[IntentWanted] | None = Field(None, max_length=MAX_INTENTS)


class IntentFault(BaseModel):
    """One thing that is wrong; a warning keeps nothing from being saved."""

    severity: Literal["error", "warning"]
    path: str = Field(description="The intent's name, and what of it.")
    message: str


class IntentsChecked(BaseModel):
    """All that is wrong with intents, errors first."""

    usable: bool
    faults: list[IntentFault]


class TextAsked(Body):
    """Something that somebody might write."""

    text: str = Field(min_length=1, max_length=4_000)


class TextLabelled(Body):
    """Something that somebody might write, and what they want; null: none of the intents."""

    text: str = Field(min_length=1, max_length=4_000)
    intent: str | None


class EvaluationAsked(Body):
    """What recognising is measured on: `texts`, and with `history` what was labelled last."""

    texts: list[TextLabelled] = Field([], max_length=_MOST_EVALUATED)
    history: bool = Field(
        True, description=f"Labels too, as many of the latest as make {_MOST_EVALUATED} of all."
    )

    def require_intents(self, known: Collection[str]) -> None:
        """
        See that each text is labelled with an intent that is `known`, or with none.

        Raises:
            Declined: Some are not.
        """
        faults = [
            Fault(pointer=f"/texts/{number}/intent", message="The account has no such intent.")
            for number, one in enumerate(self.texts)
            if one.intent is not None and one.intent not in known
        ]
        if faults:
            raise invalid(*faults[:_MOST_FAULTS])


class TextRecognised(BaseModel):
    """What a text is taken for by the intents' examples alone."""

    intent: str | None = Field(description="What it gets as an answer; null: not sure enough.")
    best: str | None = Field(description="What it is taken for, however unsure.")
    confidence: float
    threshold: float

    @classmethod
    def of(cls, best: str | None, confidence: float, threshold: float) -> Self:
        """Return it as callers see it."""
        answer = best if confidence >= threshold else None
        return cls(intent=answer, best=best, confidence=confidence, threshold=threshold)


@router.get("/accounts/{account_id}/intents")
async def list_intents(
    account_id: UUID, tx: Tx, limit: Limit = 50, cursor: CursorWritten = None
) -> Page[Intent]:
    """List an account's intents by name."""
    await required_account(tx, account_id)
    after = _BY_NAME.read(cursor)
    found = await intents.of_account(tx, account_id, after=after, limit=limit + 1)
    return _BY_NAME.page(found, limit, lambda one: one.name, Intent.model_validate)


@router.post("/accounts/{account_id}/intents", status_code=HTTPStatus.CREATED)
async def create_intent(
    account_id: UUID, wanted: IntentWanted, tx: Tx, response: Response, _key: IdempotencyKey = None
) -> Intent:
    """Add an intent, which is recognised from now on."""
    account = await required_account(tx, account_id)
    option = wanted.option()
    await _require_sound(tx, account_id, option, besides=None)
    created = await intents.create(
        tx, workspace=account.workspace_id, account=account_id, option=option
    )
    response.headers["Location"] = f"/v1/intents/{created}"
    return await read_intent(created, tx, response)


@router.post("/accounts/{account_id}/intents/check", openapi_extra=READS_ONLY)
async def check_intents(account_id: UUID, asked: IntentsAsked, tx: Tx) -> IntentsChecked:
    """Tell what is wrong with intents, or with the account's own."""
    await required_account(tx, account_id)
    own = await intents.of_account(tx, account_id)
    options = [one.option() for one in (own if asked.intents is None else asked.intents)]
    faults = [IntentFault(**one._asdict()) for one in checking.check(options)]
    return IntentsChecked(usable=all(one.severity != "error" for one in faults), faults=faults)


@router.post("/accounts/{account_id}/intents/recognise", openapi_extra=READS_ONLY)
async def recognise_text(account_id: UUID, asked: TextAsked, tx: Tx) -> TextRecognised:
    """Tell what a text is taken for by the intents' examples; no model is asked."""
    recognising = await _recognising(tx, account_id)
    (answered,) = await recognising.answer([Sample(asked.text, None)])
    return TextRecognised.of(answered.best, answered.confidence, recognising.threshold)


@router.post("/accounts/{account_id}/intents/evaluate", openapi_extra=READS_ONLY)
async def evaluate_intents(
    account_id: UUID, tx: Tx, asked: EvaluationAsked | None = None
) -> Report:
    """
    Tell how well the examples recognise what somebody of the business has labelled, or `texts`.

    As `switchboard intents eval --account` without a model. A text that is an example is left out.
    """
    recognising = await _recognising(tx, account_id)
    wanted = asked or EvaluationAsked()
    wanted.require_intents({one.name for one in recognising.intents})
    given = [Sample(one.text, one.intent) for one in wanted.texts]
    latest = _MOST_EVALUATED - len(given)
    if wanted.history and latest > 0:
        labelled = await labels.history(tx, account_id, latest=latest)
        given += [Sample(one.text, one.intent) for one in labelled]
    if not given:
        raise conflict("Nothing that people wrote has been labelled yet.")
    return await recognising.evaluate(given)


@router.get("/intents/{intent_id}")
async def read_intent(intent_id: UUID, tx: Tx, response: Response) -> Intent:
    """Read an intent."""
    found = await _required(tx, intent_id)
    tag(response, found.revision)
    return Intent.model_validate(found)


@router.patch("/intents/{intent_id}", responses=EDITED)
async def change_intent(
    intent_id: UUID,
    wanted: IntentChanged,
    *,
    tx: Tx,
    response: Response,
    if_match: IfMatch = None,
) -> Intent:
    """Change an intent; what is left out stays as it is."""
    stored = await _required(tx, intent_id)
    require(
        if_match,
        revision=stored.revision,
        stored=Intent.model_validate(stored).model_dump(mode="json"),
        yours=wanted.model_dump(mode="json", exclude_unset=True),
    )
    option = wanted.over(stored)
    await _require_sound(tx, stored.account_id, option, besides=intent_id)
    if not await intents.change(tx, intent_id, option, revision=stored.revision):
        now = await intents.find(tx, intent_id)
        raise unwritten(stored, now, "Only an editor changes intents.")
    return await read_intent(intent_id, tx, response)


@router.delete("/intents/{intent_id}", status_code=HTTPStatus.NO_CONTENT)
async def delete_intent(intent_id: UUID, tx: Tx) -> None:
    """Delete an intent; campaigns that wait for it are told by linting."""
    await _required(tx, intent_id)
    if not await intents.remove(tx, intent_id):
        raise forbidden()


async def _required(tx: Tx, intent_id: UUID) -> intents.Intent:
    found = await intents.find(tx, intent_id)
    if found is None:
        raise not_found("intent")
    return found


async def _recognising(tx: Tx, account_id: UUID) -> Recognising:
    account = await required_account(tx, account_id)
    connected = account.status != "disconnected"
    loaded = await rules.load(tx, [account.instagram_id]) if connected else []
    if not loaded or not loaded[0].intents:
        raise conflict("The account has no intents, or is not connected.")
    return Recognising(loaded[0])


async def _require_sound(
    tx: Tx, account_id: UUID, option: IntentOption, *, besides: UUID | None
) -> None:
    """
    See that an account's intents are sound with `option` among them, in place of `besides`.

    Raises:
        Declined: Something is wrong with this one, or with there being so many.
    """
    others = [one.option() for one in await intents.of_account(tx, account_id) if one.id != besides]
    faults = [
        fault
        for one in checking.check([*others, option])
        if one.severity == "error" and (fault := _fault(one, option.name)) is not None
    ]
    if faults:
        raise invalid(*faults)


def _fault(fault: checking.Fault, name: str) -> Fault | None:
    """Return a fault of the intent called `name`, or of all of them, with its place in the body."""
    if fault.path == "intents":
        return Fault(pointer="", message=fault.message)
    if fault.path in {name, repr(name), name[:20]}:
        about = "/examples" if "examples" in fault.message else "/name"
        return Fault(pointer=about, message=fault.message)
    if not fault.path.startswith(f"{name}."):
        return None
    return Fault(
        pointer=f"/{fault.path.removeprefix(f'{name}.').replace('.', '/')}", message=fault.message
    )
