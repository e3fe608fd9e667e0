"""
A stored decision, told to people: what came, what was looked at, what won and why, and what then.

Works from the stored JSON alone, so it tells of decisions that older releases made; a field they
did not have is not told of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from switchboard.rules.sentences import (
    BECAUSE,
    FAILED,
    KINDS,
    OUTCOMES,
    STATES,
    STOPPED,
    sentence_of,
)
from switchboard.rules.states import OPEN

Json = Mapping[str, Any]
_OPEN, _CLOSE = "[", "]"  # around what was matched, inside a text
_WHY_IT_WON: Final = (
    "of those that fit: a named post before all posts, the exacter match, the longer keyword, the "
    "owner's rank"
)
_HOW: Final = {
    "exact": "as the whole text",
    "whole_word": "as a whole word",
    "contains": "inside the text",
    "fuzzy": "with a slip of the finger",
    "regex": "by the pattern",
}
_WROTE: Final = {
    "comment.v1": "A comment",
    "live_comment.v1": "A comment during a broadcast",
    "mention.v1": "The account was named",
    "message.v1": "A message",
    "story_reply.v1": "An answer to a story",
    "story_mention.v1": "A story that names the account",
    "quick_reply.v1": "A tap on a chip",
    "postback.v1": "A tap on a button",
    "referral.v1": "A visit through a link or an ad",
    "reaction.v1": "A reaction",
    "seen.v1": "A read receipt",
    "edited.v1": "An edited message",
    "deleted.v1": "A message taken back",
    "echo.v1": "A message of the account's own",
    "thread_control.v1": "The conversation changed hands",
    "optin.v1": "An agreement to notifications",
    "link_clicked.v1": "A click on a link",
    "flow_due.v1": "A wait of a campaign's ended",
    "not_understood.v1": "Something we do not know",
    "unreadable.v1": "Something that could not be read",
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...]


def explain(
    decision: Json, event: Json, names: Mapping[str, str], deliveries: Sequence[Json] = ()
) -> list[Chapter]:
    """
    Return the explanation of `decision` about `event`, chapter by chapter, as plain text.

    `names` are campaigns' names by their id, as text; `deliveries` are rows as they are now, with
    their columns' names.
    """
    teller = _Teller(decision, event, names)
    chapters = [
        Chapter("What came", tuple(teller.came())),
        Chapter("The person as they were then", tuple(teller.contact())),
        Chapter("Campaigns that were looked at", tuple(teller.considered())),
        Chapter("What was asked, and the answer", tuple(teller.answer())),
        Chapter("Decided", tuple(teller.decided())),
        Chapter("What is sent, and how it stands", tuple(_deliveries(deliveries))),
        Chapter("What changed about the person", tuple(teller.changes())),
    ]
    return [chapter for chapter in chapters if chapter.lines]


def marked(text: str, proof: Json) -> str:
    """Return `text` with what `proof` found in brackets, overlapping places joined."""
    spans = sorted((one["start"], one["end"]) for one in (proof, *proof.get("also", ())))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    for start, end in reversed(joined):
        text = f"{text[:start]}{_OPEN}{text[start:end]}{_CLOSE}{text[end:]}"
    return text


class _Teller:
    """One decision, told chapter by chapter."""

    def __init__(self, decision: Json, event: Json, names: Mapping[str, str]) -> None:
        self._decision, self._event, self._names = decision, event, names
        self._contact: Json = decision.get("contact") or {}

    def came(self) -> Iterator[str]:
        kind = str(self._event.get("kind"))
        yield f"{_WROTE.get(kind, kind)} {_from(self._event)}".rstrip() + "."
        yield f"Happened {self._event.get('occurred_at')}, came {self._event.get('received_at')}."
        if self._event.get("erased"):
            yield "Who it was and what they said was erased since; it cannot be decided again."
        for name in ("media_id", "original_media_id", "story_id", "payload", "comment_id"):
            if self._event.get(name):
                yield f"{name}: {self._event[name]}"
        if self._event.get("text"):
            yield f"Text: {_quoted(self._event['text'])}"
        if self._decision.get("normalised"):
            yield f"Compared as: {_quoted(self._decision['normalised'])}"

    def contact(self) -> Iterator[str]:
        told = self._contact
        if self._event.get("erased") or self._is_nobodys:
            return
        if not told.get("revision"):
            yield "Nothing was known of them that a campaign could go by."
        if told.get("paused_until"):
            yield f"The automation was silent towards them until {told['paused_until']}."
        if told.get("opted_out_at"):
            yield f"They asked not to be written to on {told['opted_out_at']}."
        if told.get("window_closes_at"):
            yield f"They could be written to until {told['window_closes_at']}."
        if told.get("follows") is not None:
            follows = "follow" if told["follows"] else "do not follow"
            yield f"They {follows} the account, as of {told.get('follows_at')}."
        if told.get("tags"):
            yield f"Tags: {', '.join(told['tags'])}."
        for flow in told.get("flows", ()):
            yield self._position(flow)

    @property
    def _is_nobodys(self) -> bool:
        """Whether nobody was looked at: an echo, a comment of the account's own."""
        return self._decision.get("outcome") == "ignored" and not self._contact

    def considered(self) -> Iterator[str]:
        for one in self._decision.get("considered", ()):
            yield f"{self._named(one)}: {self._verdict(one)}"

    def answer(self) -> Iterator[str]:
        answer = self._decision.get("answer") or {}
        match answer.get("kind", "intent" if answer else None):
            case "intent":
                yield _classified(answer)
            case "follower":
                yield f"Meta on following: {_follows(answer.get('follows'))} ({answer['because']})."
            case "posts":
                yield f"Meta listed {len(answer.get('posts', ()))} posts ({answer['because']})."
            case "origin":
                yield self._origin(answer.get("origin") or {})
            case _:
                return

    def _origin(self, origin: Json) -> str:
        if not origin.get("ours"):
            return "It belongs to no delivery of ours."
        if origin.get("campaign_id") is None:
            return "It belongs to a delivery of ours."
        return f"It belongs to a delivery of ours, of {self._name(origin['campaign_id'])}."

    def decided(self) -> Iterator[str]:
        decision = self._decision
        yield _known(OUTCOMES, decision.get("outcome"))
        yield _known(BECAUSE, decision.get("because"))
        if decision.get("campaign_id"):
            yield f"Campaign: {self._winner()}."
        outranked = sum(one.get("failed") == "outranked" for one in decision.get("considered", ()))
        if outranked:
            yield f"It came before {outranked} other: {_WHY_IT_WON}."
        if decision.get("step"):
            yield f"It began at step {decision['step'] + 1}."
        if decision.get("stopped"):
            yield _known(STOPPED, decision["stopped"])
        for bound in decision.get("bound", ()):
            name = self._name(bound["campaign_id"])
            yield f"{name} waited for the next post and found it: {bound['media_id']}."
        yield f"Decided {decision.get('decided_at')} by rules {decision.get('rules_version')}."

    def changes(self) -> Iterator[str]:
        after: Json | None = self._decision.get("changes")
        if after is None:
            return
        for name in sorted({*self._contact, *after} - {"revision"}):
            before, now = self._contact.get(name), after.get(name)
            if before == now:
                continue
            if name == "flows":
                yield from self._flow_changes(before or (), now or ())
            else:
                yield f"{name}: {_shown(before)} became {_shown(now)}."

    def _verdict(self, one: Json) -> str:
        if one.get("failed"):
            return _known(FAILED, one["failed"]) + self._particulars(one)
        return "chosen" + self._proved(one)

    def _particulars(self, one: Json) -> str:
        """Return what makes a failed condition concrete, as far as it was stored."""
        match one["failed"]:
            case "once":
                return self._answered_on(one["campaign_id"])
            case "outranked" | "excluded":
                return self._proved(one)
            case "tags":
                return f" (tags then: {', '.join(self._contact.get('tags', ())) or 'none'})"
            case "follower":
                return f" (then: {_follows(self._contact.get('follows'))})"
            case _:
                return ""

    def _answered_on(self, campaign_id: str) -> str:
        times = [
            one["at"]
            for one in self._contact.get("answered", ())
            if one["campaign_id"] == campaign_id
        ]
        return f": on {max(times)}" if times else ""

    def _proved(self, one: Json) -> str:
        proof, text = one.get("proof"), self._decision.get("normalised")
        if not proof or text is None:
            return ""
        if proof["how"] == "any":
            return ", any text will do"
        words = [found["keyword"] for found in (proof, *proof.get("also", ()))]
        how = _HOW.get(proof["how"], proof["how"])
        return f": {' and '.join(map(_quoted, words))} {how} in {_quoted(marked(text, proof))}"

    def _winner(self) -> str:
        version = self._decision.get("campaign_version")
        name = self._name(self._decision["campaign_id"])
        return name if version is None else f"{name}, version {version}"

    def _position(self, flow: Json) -> str:
        what = {"tap": "a tap", "answer": "an answer", "time": "its time"}.get(flow["awaits"])
        name = self._name(flow["campaign_id"])
        return f"{name} waited for {what} at step {flow['step'] + 1}, since {flow['since']}."

    def _flow_changes(self, before: Iterable[Json], now: Iterable[Json]) -> Iterator[str]:
        was = {flow["campaign_id"]: flow for flow in before}
        is_ = {flow["campaign_id"]: flow for flow in now}
        for campaign_id in sorted({*was, *is_}):
            flow = is_.get(campaign_id)
            if flow is None:
                yield f"{self._name(campaign_id)} does not wait for them any more."
            elif flow != was.get(campaign_id):
                yield self._position(flow).replace(" waited for ", " waits for ", 1)

    def _named(self, one: Json) -> str:
        return f"{self._name(one['campaign_id'])} (version {one['version']})"

    def _name(self, campaign_id: Any) -> str:
        return self._names.get(str(campaign_id)) or f"campaign {campaign_id}"


def _from(event: Json) -> str:
    person = event.get("author_id") or event.get("sender_id") or event.get("person_id")
    if person is None and event.get("recipient_id"):
        return f"to person {event['recipient_id']}"
    if person is None:
        return ""
    username = event.get("author_username")
    return f"from person {person}" + (f" (@{username})" if username else "")


def _classified(answer: Json) -> str:
    intent, confidence = answer.get("intent"), answer.get("confidence")
    said = f"intent {_quoted(intent)}" if intent else "no intent"
    if answer.get("guess"):
        said += f", perhaps {_quoted(answer['guess'])}"
    sure = "" if confidence is None else f", {confidence:.0%} sure"
    return f"The classifier said: {said} ({answer.get('because')}, by {answer.get('by')}{sure})."


def _follows(follows: bool | None) -> str:  # noqa: FBT001  three states of one thing
    return {True: "follows", False: "does not follow", None: "not known"}[follows]


def _deliveries(rows: Sequence[Json]) -> Iterator[str]:
    """Yield each delivery as it stands, and below it the steps it took."""
    for row in rows:
        yield _delivery(row)
        yield from (f"    {_taken(step)}" for step in row.get("steps", ()))


def _taken(step: Json) -> str:
    """Return one step: when, to which state, by whom, and why if it says so."""
    told = f"{step['at']}  {step['after']}, by {step['by']}"
    return told + (f": {sentence_of(step['reason'])}" if step.get("reason") else "")


def _delivery(row: Json) -> str:
    kind = KINDS.get(row["kind"], row["kind"])
    told = f"{kind} of step {_step(row['step'])}: {STATES.get(row['state'], row['state'])}"
    if row.get("reason"):
        told += f", because {sentence_of(row['reason'])} ({row['reason']})"
    if row.get("sent_at"):
        told += f"; sent {row['sent_at']}"
    elif row["state"] in OPEN:
        told += f"; from {row.get('not_before')}, until {row.get('deadline')}"
    if row.get("attempts"):
        told += f"; attempts: {row['attempts']}"
    text = (row.get("content") or {}).get("text")
    return told + (f". It says {_quoted(text)}" if text else "")


def _step(name: str) -> str:
    """Return a step's name counted from 1, as owners do: `0` is 1, `1.retry` is 2 (retry)."""
    position, _, what = name.partition(".")
    if not position.isdecimal():
        return "for where an intent is only guessed" if name.startswith("unsure.") else name
    return f"{int(position) + 1} ({what})" if what else str(int(position) + 1)


def _known(sentences: Mapping[Any, str], code: Any) -> str:
    return sentences.get(code) or str(code)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _shown(value: Any) -> str:
    return "nothing" if value in (None, [], {}, ()) else json.dumps(value, ensure_ascii=False)
