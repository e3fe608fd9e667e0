"""Deliveries and fakes, from only what a test is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.sender.composing import Tracking
from services.sender.endings import Ending
from services.sender.files import Files
from services.sender.lookups import Lookups
from services.sender.profiles import Profiles, Unnamed
from services.sender.sender import Sender
from services.sender.speaking import Speaking
from services.sender.timers import Timers
from services.sender.turns import Turns
from services.sender.webhooks import Webhooks
from switchboard.contracts import (
    AccountId,
    AttachmentId,
    CommentId,
    DeliveryDue,
    DeliveryId,
    MediaId,
    MessageId,
    PersonId,
    PublishedPost,
    TraceId,
)
from switchboard.db.attachments import Attachment
from switchboard.db.deliveries import Claimed
from switchboard.errors import Failure
from switchboard.graph import File, Message, Posted, Posts, Profile, Said, Sent, Uploaded
from switchboard.hooks import Hook
from switchboard.queues import Outgoing, Receipt
from switchboard.state import Bucket, Recall
from switchboard.telemetry import Meter

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ID = DeliveryId(UUID(int=7))
ACCOUNT, PERSON = AccountId("17841400000000001"), PersonId("1234567890123456")
COMMENT = CommentId("17900000000000001")
TRACE = TraceId("a" * 32)
RECEIPT = Receipt(message_id="m", receives=1, sent_at=NOON)
DUE = DeliveryDue(delivery_id=ID, account_id=ACCOUNT, trace_id=TRACE)
SENT = Sent(MessageId("mid.1"), PERSON, Said())
FOLLOWER = Profile(name="Ana Lima", username="ana", follows=True, said=Said())
POSTS = Posts((PublishedPost(media_id=MediaId("9"), posted_at=NOON),), Said())
SECRET = "whsec_" + "c2VjcmV0" * 5


def claimed(**fields: Any) -> Claimed:
    """A claimed message to a person, its deadline a day away."""
    common: dict[str, Any] = {
        "id": ID,
        "event_id": UUID(int=1),
        "kind": "message",
        "content": {"text": "Hello"},
        "person_id": PERSON,
        "comment_id": COMMENT,
        "deadline": NOON + timedelta(hours=24),
        "attempts": 1,
        "trace_id": TRACE,
        "campaign_id": UUID(int=2),
        "campaign_version": 1,
        "step": "0",
        "workspace_id": UUID(int=3),
        "account": UUID(int=4),
        "instagram_id": ACCOUNT,
        "app_scoped_id": None,
        "status": "connected",
        "held_until": None,
        "hold_reason": None,
        "private_replies_per_hour": 720,
        "sends_per_second": 50,
        "credential": None,
        "lane": "usual",
        "paused_until": None,
        "paused_by": None,
        "opted_out_at": None,
        "window_closes_at": None,
        "name": None,
        "username": None,
        "email": None,
        "phone": None,
        "fields": {},
    }
    return Claimed(**(common | fields))


@dataclass
class FakeLedger:
    """One row: claimable once; keeps endings, and fails as often as told before it does."""

    row: Claimed | None = field(default_factory=claimed)
    endings: list[Ending] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    owners: set[str] = field(default_factory=set)
    successors: tuple[DeliveryDue, ...] | None = ()
    probe_is_free: bool = True

    async def claim(
        self, delivery_id: DeliveryId, *, owner: str, lease: timedelta
    ) -> Claimed | None:
        self.order.append("claim")
        self.owners.add(owner)
        row, self.row = self.row, None
        return row

    async def begun(self, bucket: Bucket, *, besides: Claimed) -> int:
        return 0

    async def take_probe(self, delivery: Claimed) -> bool:
        self.order.append("probe")
        return self.probe_is_free

    async def record(
        self, delivery: Claimed, ending: Ending, *, owner: str
    ) -> Sequence[DeliveryDue] | None:
        self.order.append("record")
        if self.failures:
            raise self.failures.pop(0)
        self.owners.add(owner)
        self.endings.append(ending)
        return self.successors


@dataclass
class FakeTokens:
    """A token, or why there is none."""

    failure: Failure | None = None

    def token(self, delivery: Claimed) -> str:
        if self.failure is not None:
            raise self.failure
        return "token"


@dataclass
class FakeLimits:
    """Grants, or says why not; remembers what was reserved and what it was told."""

    order: list[str]
    failure: Failure | None = None
    times: int | None = None  # how often it fails; None: always
    reserved: list[tuple[list[str], bool]] = field(default_factory=list)
    told: list[tuple[str, float | None, timedelta]] = field(default_factory=list)

    async def reserve(
        self,
        account_id: AccountId,
        buckets: Sequence[Bucket],
        *,
        recall: Recall,
        to_meta: bool = True,
    ) -> None:
        self.order.append("reserve")
        self.reserved.append(([bucket.name for bucket in buckets], to_meta))
        if self.failure is not None and self.times != 0:
            self.times = None if self.times is None else self.times - 1
            raise self.failure

    async def heed(self, account_id: AccountId, *, share: float, wait: timedelta) -> None:
        self.told.append(("heed", round(share, 6), wait))

    async def refused(self, account_id: AccountId, *, wait: timedelta) -> None:
        self.told.append(("refused", None, wait))

    async def brake(self, *, wait: timedelta) -> None:
        self.told.append(("brake", None, wait))


@dataclass
class FakeGraph:
    """Meta, answering as told."""

    order: list[str]
    answer: Sent | Failure = SENT
    profile: Profile | Failure = FOLLOWER
    posts: Posts | Failure = POSTS
    upload_failure: Failure | None = None
    uploads: list[tuple[AccountId, File, str]] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def send(self, account_id: AccountId, message: Message, *, token: str) -> Sent:
        self._called(account_id, message.body, token)
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer

    async def reply_publicly(self, comment_id: CommentId, text: str, *, token: str) -> Posted:
        self._called(comment_id, text, token)
        if isinstance(self.answer, Failure):
            raise self.answer
        return Posted(CommentId("18"), self.answer.said)

    async def upload(self, account_id: AccountId, file: File, *, token: str) -> Uploaded:
        self.order.append("upload")
        self.uploads.append((account_id, file, token))
        if self.upload_failure is not None:
            raise self.upload_failure
        return Uploaded(AttachmentId(f"att.{len(self.uploads)}"), Said())

    async def read_profile(self, person_id: PersonId, *, token: str) -> Profile:
        self._asked(person_id)
        if isinstance(self.profile, Failure):
            raise self.profile
        return self.profile

    async def read_posts(self, account_id: AccountId, *, token: str) -> Posts:
        self._asked(account_id)
        if isinstance(self.posts, Failure):
            raise self.posts
        return self.posts

    def _asked(self, what: str) -> None:
        self.order.append("ask")
        self.asked.append(what)

    def _called(self, *call: Any) -> None:
        self.order.append("call")
        self.calls.append(call)


@dataclass
class FakeQueue:
    """What was published, or why nothing can be."""

    order: list[str]
    name: str
    published: list[Outgoing] = field(default_factory=list)
    failure: Failure | None = None

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        self.order.append(self.name)
        if self.failure is not None:
            raise self.failure
        self.published += messages


@dataclass
class FakeNames:
    """Names that were kept, or why none can be."""

    kept: list[tuple[str | None, str | None]] = field(default_factory=list)
    failure: Failure | None = None

    async def keep(self, delivery: Claimed, name: str | None, username: str | None) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.append((name, username))


@dataclass
class FakeShelf:
    """What is known of one file, or why nothing can be."""

    known: Attachment | None = None
    claimable: bool = True
    failure: Exception | None = None
    did: list[str] = field(default_factory=list)

    async def find(self, delivery: Claimed, file: File) -> Attachment | None:
        if self.failure is not None:
            raise self.failure
        return self.known

    async def note(self, delivery: Claimed, file: File) -> None:
        self.did.append("note")
        self.known = Attachment(None, may_upload=True)

    async def claim(self, delivery: Claimed, file: File) -> bool:
        self.did.append("claim")
        return self.claimable

    async def keep(self, delivery: Claimed, file: File, attachment_id: AttachmentId) -> None:
        self.did.append("keep")
        self.known = Attachment(attachment_id, may_upload=True)

    async def put_off(self, delivery: Claimed, file: File) -> None:
        self.did.append("put off")
        self.known = Attachment(None, may_upload=False)

    async def forget(self, delivery: Claimed, attachment_id: AttachmentId) -> None:
        self.did.append(f"forget {attachment_id}")
        self.known = Attachment(None, may_upload=False)


@dataclass
class FakeHooks:
    """An owner's server, and the secret it is told with."""

    order: list[str]
    failure: Failure | None = None
    secret_failure: Failure | None = None
    told: list[tuple[Hook, str, datetime]] = field(default_factory=list)

    async def secret(self, delivery: Claimed) -> str:
        if self.secret_failure is not None:
            raise self.secret_failure
        return SECRET

    async def deliver(self, hook: Hook, *, secret: str, at: datetime) -> None:
        self.order.append("call")
        if self.failure is not None:
            raise self.failure
        self.told.append((hook, secret, at))


@dataclass
class Bench:
    """A sender among fakes."""

    ledger: FakeLedger
    tokens: FakeTokens
    limits: FakeLimits
    graph: FakeGraph
    names: FakeNames
    shelf: FakeShelf
    hooks: FakeHooks
    events: FakeQueue
    classified: FakeQueue
    outbound: FakeQueue
    sender: Sender

    @property
    def order(self) -> list[str]:
        return self.ledger.order


def bench(
    row: Claimed | None = None,
    *,
    tracking: Tracking | None = None,
    now: Callable[[], datetime] = lambda: NOON,
    lease: timedelta = timedelta(seconds=60),
    call_budget: timedelta = timedelta(seconds=10),
    patience: timedelta = timedelta(seconds=2),
    unnamed: Unnamed | None = None,
) -> Bench:
    """A sender among fakes, with `row` ready to be claimed."""
    ledger = FakeLedger(row or claimed())
    order, meter = ledger.order, Meter("sender", "test")
    limits, graph, tokens, names = FakeLimits(order), FakeGraph(order), FakeTokens(), FakeNames()
    hooks, turns, shelf = FakeHooks(order), Turns(limits, ledger), FakeShelf()
    events, classified, outbound = (
        FakeQueue(order, name) for name in ("events", "classified", "outbound")
    )
    profiles = Profiles(
        graph=graph,
        names=names,
        turns=turns,
        patience=patience,
        unnamed=Unnamed() if unnamed is None else unnamed,
    )
    speaking = Speaking(
        tokens=tokens,
        turns=turns,
        graph=graph,
        profiles=profiles,
        files=Files(graph=graph, shelf=shelf, turns=turns, patience=call_budget),
        tracking=tracking,
        meter=meter,
        now=now,
        call_budget=call_budget,
        margin=timedelta(minutes=5),
    )
    sender = Sender(
        ledger=ledger,
        speaking=speaking,
        lookups=Lookups(tokens=tokens, turns=turns, graph=graph, classified=classified, now=now),
        timers=Timers(events=events, now=now),
        webhooks=Webhooks(hooks=hooks, secrets=hooks, turns=turns, now=now),
        outbound=outbound,
        meter=meter,
        now=now,
        lease=lease,
    )
    return Bench(
        ledger, tokens, limits, graph, names, shelf, hooks, events, classified, outbound, sender
    )
