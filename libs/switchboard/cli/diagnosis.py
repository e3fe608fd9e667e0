"""`doctor`: what was looked at, how it is, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer

from switchboard.cli import accounts, telling
from switchboard.cli.database import environment, open_database
from switchboard.cli.failing import EXIT_FOUND
from switchboard.cli.sealing import opened
from switchboard.db.migrate import versions
from switchboard.doctor import DoctorSettings, Finding, Verdict, examine

_MARKS: Final[dict[Verdict, str]] = {
    "ok": "ok     ",
    "warning": "WARNING",
    "failure": "FAILURE",
    "unknown": "unknown",
}


async def doctor(account: str | None, migrations: str, *, as_json: bool) -> int:
    """Examine everything, or all that concerns one account; 1 if anything fails."""
    settings = environment(DoctorSettings)
    vault = settings.vault()
    keys = {} if vault is None else (await opened(vault)).vault_keys()
    found: list[Finding] = []
    async with open_database() as db:
        of = None if account is None else (await accounts.account(db, account)).id
        async for finding in examine(
            settings, db, keys=keys, account=of, migrations=versions(Path(migrations))
        ):
            found.append(finding)
            if not as_json:
                _tell(finding)
    if as_json:
        telling.as_json([asdict(finding) for finding in found])
    else:
        typer.echo(_summary(found))
    return EXIT_FOUND if any(one.verdict == "failure" for one in found) else 0


def _tell(finding: Finding) -> None:
    whose = f" {finding.subject}" if finding.subject else ""
    said = f"{_MARKS[finding.verdict]}  {finding.check}{whose}: {finding.saw}"
    typer.echo(telling.printable(said))
    if finding.do:
        typer.echo(telling.printable(f"         to do: {finding.do}."))


def _summary(found: Sequence[Finding]) -> str:
    counts = Counter(finding.verdict for finding in found)
    return (
        f"{counts['ok']} ok, {counts['warning']} warnings, {counts['failure']} failures, "
        f"{counts['unknown']} that could not be checked"
    )
