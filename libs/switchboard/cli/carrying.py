"""`campaigns export` and `import`: an account's campaigns as files, to be kept beside code."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from switchboard.cli import accounts, judging, telling
from switchboard.cli.accounts import Account
from switchboard.cli.database import open_database, reading
from switchboard.cli.failing import EXIT_FOUND, CannotDo
from switchboard.contracts import CampaignId
from switchboard.db import tenancy
from switchboard.db.pool import Queryable, Row
from switchboard.exporting import campaign_files
from switchboard.exporting.campaign_files import CampaignFile, Form, NotAFile

_ENDINGS: Final = (".yaml", ".yml", ".json")
_MOST_NAMED: Final = 60  # characters of a name in a file's: at most four bytes each, of 255


@dataclass(frozen=True, slots=True)
class _Brought:
    """A campaign that was brought: from where, which it is now, and what is wrong with it."""

    file: str
    campaign_id: CampaignId
    name: str
    version: int | None
    findings: Sequence[judging.Saying]

    @property
    def errors(self) -> int:
        """How many would keep it from being published."""
        return sum(one.severity == "error" for one in self.findings)


class _Refused(Exception):  # noqa: N818  it undoes what was brought
    """Something is not fit to be published, and so nothing is."""


async def export(folder: str, *, account: str, form: Form, as_json: bool) -> int:
    """Write each campaign of an account to a file, its draft or else what is live."""
    async with reading() as db:
        of = await accounts.account(db, account)
        rows = await db.fetch(_LATEST, of.id)
    written = _write(Path(folder), rows, form)
    telling.done(
        {"campaigns": written}, f"{len(written)} campaigns written: {folder}", as_json=as_json
    )
    return 0


async def import_(source: str, *, account: str, publish: bool, as_json: bool) -> int:
    """
    Bring campaigns from files, as drafts; a campaign of the same name gets the file's.

    With `publish` they answer from now on, all of them or none. 1 if something is wrong with one.
    """
    files = _read(source)
    brought: list[_Brought] = []
    async with open_database() as db:
        try:
            async with db.transaction() as tx:
                of = await accounts.account(tx, account)
                for name, file in files.items():
                    brought.append(await _bring(tx, of, name, file, publish=publish))
                if publish:
                    _require_fit(brought)
        except _Refused:
            pass
    wrong = any(one.errors for one in brought)
    _tell(brought, kept=not (wrong and publish), as_json=as_json)
    if wrong and publish:
        sys.stderr.write("switchboard: nothing is published or kept; mend the errors first\n")
    return EXIT_FOUND if wrong else 0


async def _bring(
    tx: Queryable, of: Account, name: str, file: CampaignFile, *, publish: bool
) -> _Brought:
    listed = await accounts.campaigns(tx, of.id)
    known = next((str(one.id) for one in listed if one.name == file.name), None)
    place = await judging.place(tx, of, campaign=known, name=file.name, rank=None)
    around = await judging.around(tx, of)
    own = place.id if known else None
    verdict = await judging.judge(file.definition, around, own, check_media=False)
    of_account: dict[str, Any] = {
        "workspace": of.workspace_id,
        "account": of.id,
        "name": place.name,
        "rank": place.rank,
    }
    version = None
    if publish and verdict.definition is not None and not verdict.errors:
        version = await tenancy.publish_campaign(
            tx, place.id, **of_account, definition=verdict.definition
        )
    else:
        await tenancy.save_draft(tx, place.id, **of_account, draft=file.definition)
    return _Brought(name, place.id, place.name, version, verdict.said)


def _require_fit(brought: Sequence[_Brought]) -> None:
    if any(one.errors for one in brought):
        raise _Refused


def _write(folder: Path, rows: Sequence[Row], form: Form) -> list[dict[str, object]]:
    written: list[dict[str, object]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for row, name in zip(rows, _names([row["name"] for row in rows], form), strict=True):
            file = CampaignFile(name=row["name"], definition=row["latest"])
            (folder / name).write_text(campaign_files.write(file, form), encoding="utf-8")
            written.append({"campaign_id": row["id"], "name": row["name"], "file": name})
    except OSError as error:
        raise CannotDo(f"{error.filename or folder}: {error.strerror or error}") from None
    return written


def _read(source: str) -> Mapping[str, CampaignFile]:
    """Return the campaigns' files in a folder, or the one that `source` is, by their names."""
    path = Path(source)
    try:
        paths = [path] if path.is_file() else sorted(path.iterdir())
        contents = {
            one.name: one.read_text(encoding="utf-8")
            for one in paths
            if one.suffix in _ENDINGS and one.is_file()
        }
    except (OSError, UnicodeDecodeError) as error:
        raise CannotDo(f"{source}: {getattr(error, 'strerror', None) or error}") from None
    if not contents:
        raise CannotDo(f"{source}: there is no file that ends in {', '.join(_ENDINGS)}")
    found: dict[str, CampaignFile] = {}
    for name, content in contents.items():
        if len(content) > campaign_files.MOST_CHARACTERS:
            raise CannotDo(f"{name}: a campaign has {campaign_files.MOST_CHARACTERS} characters")
        try:
            found[name] = campaign_files.read(content)
        except NotAFile as wrong:
            raise CannotDo(f"{name}: {wrong}") from None
    _require_different({name: file.name for name, file in found.items()})
    return found


def _require_different(names: Mapping[str, str]) -> None:
    by_name: dict[str, str] = {}
    for file, name in names.items():
        if name in by_name:
            raise CannotDo(f"{file}: {by_name[name]} has a campaign called {name!r}, too")
        by_name[name] = file


def _names(called: Sequence[str], form: Form) -> list[str]:
    """Return a file's name for each campaign, made of its own; of two that are alike the second."""
    found: list[str] = []
    for name in called:
        plain = "".join(one if one.isalnum() else " " for one in name.casefold())
        stem = "-".join(plain.split())[:_MOST_NAMED] or "campaign"
        again = sum(one == f"{stem}.{form}" or one.startswith(f"{stem}.") for one in found)
        found.append(f"{stem}.{again + 1}.{form}" if again else f"{stem}.{form}")
    return found


def _tell(brought: Sequence[_Brought], *, kept: bool, as_json: bool) -> None:
    if as_json:
        telling.as_json({"kept": kept, "campaigns": brought})
        return
    for one in brought:
        how = "a draft" if one.version is None else f"live, version {one.version}"
        told = f"{one.file}: {one.name} is {how}. Its id is {one.campaign_id}."
        typer.echo(telling.printable(told if kept else f"{one.file}: {one.name}"))
        telling.lines(f"{said.severity}: {said.path}: {said.message}" for said in one.findings)


_LATEST: Final = """
select campaign.id, campaign.name, coalesce(campaign.draft, published.definition) as latest
  from public.campaigns campaign
  left join public.campaign_versions published
    on published.campaign_id = campaign.id and published.version = campaign.live_version
 where campaign.account_id = $1
   and coalesce(campaign.draft, published.definition) is not null
 order by campaign.rank, campaign.id
"""
