"""What is wrong with a campaign beside an account's others, and which of them it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from switchboard.cli import accounts, telling
from switchboard.cli.accounts import Account, Listed
from switchboard.cli.failing import CannotDo
from switchboard.cli.media import Probed, probe
from switchboard.contracts import CampaignId, IntentOption
from switchboard.db import rules
from switchboard.db.pool import Queryable
from switchboard.rules import publishing
from switchboard.rules.campaigns import Campaign, CampaignDefinition


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing that is wrong, and where; `path` is empty where it is no campaign at all."""

    severity: str
    path: str
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of a definition, the worst first; `definition` is `None` where it is none."""

    definition: CampaignDefinition | None
    said: Sequence[Saying]

    @property
    def errors(self) -> int:
        """How many keep it from being published."""
        return sum(one.severity == "error" for one in self.said)

    @property
    def warnings(self) -> int:
        """How many do not."""
        return len(self.said) - self.errors


@dataclass(frozen=True, slots=True)
class Around:
    """
    An account's other campaigns, those that are live and all by name; its delay, and its intents
    (`None`: nobody knows them).
    """

    live: Sequence[Campaign] = ()
    listed: Sequence[Listed] = ()
    delay: timedelta = timedelta()
    intents: Sequence[IntentOption] | None = None


async def around(db: Queryable, of: Account) -> Around:
    """Return what is beside a campaign of the account's."""
    loaded = await rules.load(db, [of.instagram_id])
    listed = await accounts.campaigns(db, of.id)
    if not loaded:
        return Around(listed=listed)
    own = loaded[0]
    return Around(own.campaigns, listed, own.settings.delay.most, own.intents)


async def judge(
    raw: object, around: Around, own: CampaignId | None, *, check_media: bool
) -> Verdict:
    """Return everything that is wrong with `raw`, the worst first, campaigns by their names."""
    try:
        definition = publishing.read_definition(raw)
    except publishing.Invalid as invalid:
        return Verdict(None, [Saying("error", "", str(one), "") for one in invalid.faults])
    probed = await probe(definition) if check_media else Probed({}, ())
    checked = publishing.check(
        raw,
        around.live,
        own=own,
        media=probed.found,
        delay=around.delay,
        intents=around.intents,
    )
    names = {str(one.id): one.name for one in around.listed}
    said = [
        Saying(one.severity, one.path, publishing.with_names(one.message, names), str(one.code))
        for one in checked.findings
    ]
    said += [
        Saying("error", path, f"nobody can fetch it: {why}", "") for path, why in probed.unreachable
    ]
    return Verdict(definition, sorted(said, key=lambda one: one.severity))


def tell(verdict: Verdict) -> None:
    """Print what is wrong, a line for each."""
    for one in verdict.said:
        where = f"{one.path}: " if one.path else ""
        code = f" [{one.code}]" if one.code else ""
        telling.lines([f"{one.severity}: {where}{one.message}{code}"], indent="")


@dataclass(frozen=True, slots=True)
class Place:
    """Which campaign it is, or will be: its id, name and rank."""

    id: CampaignId
    name: str
    rank: int


async def place(
    db: Queryable, of: Account, *, campaign: str | None, name: str | None, rank: int | None
) -> Place:
    """Return the place of an existing campaign, or of a new one behind the others."""
    listed = await accounts.campaigns(db, of.id)
    if campaign is not None:
        wanted = accounts.campaign_id(campaign, "--campaign")
        known = accounts.named(listed, wanted, "--campaign")
        return Place(known.id, name or known.name, known.rank if rank is None else rank)
    if not name:
        raise CannotDo("--name: a new campaign needs one; or give --campaign for a known one")
    same = next((one for one in listed if one.name == name), None)
    if same is not None:
        raise CannotDo(f"--name: there is a campaign called {name!r}; give --campaign {same.id}")
    last = max((one.rank for one in listed), default=0)
    return Place(CampaignId(uuid4()), name, last + 1 if rank is None else rank)
