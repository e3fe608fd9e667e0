"""What whoever runs Switchboard does: examine, take away, bring, erase, bring up to date."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import diagnosis, erasing, migrating, workspaces
from switchboard.cli.commands.options import AnAccount, AsJson, MaybeAccount, Sure
from switchboard.cli.running import finish

operating = typer.Typer()


@operating.command("doctor")
def doctor_(
    account: MaybeAccount = None,
    migrations: Annotated[
        str, typer.Option("--migrations", help="Where this release's migrations are.")
    ] = "supabase/migrations",
    *,
    as_json: AsJson = False,
) -> None:
    """Examine the installation and its accounts: what is wrong, and what to do."""
    finish(diagnosis.doctor(account, migrations, as_json=as_json))


@operating.command("export")
def export_(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="Its id or name.")],
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="A new folder, or a new .zip, here or s3://...")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Write everything that a workspace owns as plain files, without tokens or secrets."""
    finish(workspaces.export(workspace, destination, as_json=as_json))


@operating.command("import")
def import_(
    source: Annotated[str, typer.Argument(metavar="SRC", help="What `export` has written.")],
    *,
    owner: Annotated[
        str | None, typer.Option("--owner", help="The user it is to belong to: id or e-mail.")
    ] = None,
    keep_owed: Annotated[
        bool,
        typer.Option("--keep-owed", help="What is owed is sent from here: no other one will."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a workspace that was exported, whole or not at all; its accounts disconnected."""
    finish(workspaces.import_(source, owner=owner, keep_owed=keep_owed, as_json=as_json))


@operating.command("erase")
def erase_(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Their id at the account.")],
    *,
    account: AnAccount,
    sure: Sure = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person, who they are and what they said, everywhere and for ever."""
    finish(erasing.erase(person, account, sure=sure, as_json=as_json))


@operating.command("migrate")
def migrate_(
    directory: Annotated[
        str, typer.Option("--directory", help="Where the migrations are.")
    ] = "supabase/migrations",
    *,
    as_json: AsJson = False,
) -> None:
    """Bring the database up to date; does nothing to one that is."""
    finish(migrating.migrate(directory, as_json=as_json))
