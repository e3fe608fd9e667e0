"""Campaigns, as their owner writes, publishes and pauses them."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import carrying, checking
from switchboard.cli.commands.options import AnAccount, AsJson, File, MaybeAccount, MaybeCampaign
from switchboard.cli.running import finish, refuse
from switchboard.exporting.campaign_files import Form

campaigns = typer.Typer()
draft = typer.Typer(help="What is being written and answers nothing yet.", no_args_is_help=True)
campaigns.add_typer(draft, name="draft")
listed = typer.Typer()
campaigns.add_typer(listed, name="campaigns")

ACampaign = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id.")]
Name = Annotated[str | None, typer.Option("--name", help="What the campaign is called.")]
Rank = Annotated[int | None, typer.Option("--rank", help="Its place in the order, least first.")]
CheckMedia = Annotated[
    bool, typer.Option("--check-media", help="Ask the servers of its files what Meta will find.")
]


@campaigns.command("lint")
def lint_(
    file: File,
    account: MaybeAccount = None,
    campaign: MaybeCampaign = None,
    *,
    check_media: CheckMedia = False,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with a campaign, beside the account's others if --account is given."""
    finish(
        checking.lint(
            file, account=account, campaign=campaign, check_media=check_media, as_json=as_json
        )
    )


@campaigns.command("publish")
def publish_(
    file: File,
    *,
    account: AnAccount,
    name: Name = None,
    campaign: MaybeCampaign = None,
    rank: Rank = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Not if there are warnings, either.")
    ] = False,
    check_media: CheckMedia = False,
    as_json: AsJson = False,
) -> None:
    """Make a campaign, or a new version of one, answer from now on; errors hold it back."""
    finish(
        checking.publish(
            file,
            account=account,
            name=name,
            campaign=campaign,
            rank=rank,
            strict=strict,
            check_media=check_media,
            as_json=as_json,
        )
    )


@campaigns.command("pause")
def pause_(campaign: ACampaign, *, as_json: AsJson = False) -> None:
    """Let a campaign start nothing any more; what is under way with people goes on."""
    finish(checking.pause(campaign, as_json=as_json))


@draft.command("save")
def draft_save(
    file: File,
    *,
    account: AnAccount,
    name: Name = None,
    campaign: MaybeCampaign = None,
    rank: Rank = None,
    as_json: AsJson = False,
) -> None:
    """Keep a draft, which need not make sense yet."""
    finish(
        checking.save_draft(
            file, account=account, name=name, campaign=campaign, rank=rank, as_json=as_json
        )
    )


@draft.command("show")
def draft_show(campaign: ACampaign, *, as_json: AsJson = True) -> None:  # noqa: ARG001  it is so
    """Print a campaign's draft."""
    finish(checking.show_draft(campaign))


@listed.callback(invoke_without_command=True)
def campaigns_(
    context: typer.Context, account: MaybeAccount = None, *, as_json: AsJson = False
) -> None:
    """List an account's campaigns in the owner's order; export and import them as files."""
    if context.invoked_subcommand is not None:
        return
    if account is None:
        raise typer.Exit(refuse("Missing option '--account'; see `switchboard campaigns --help`"))
    finish(checking.campaigns(account, as_json=as_json))


@listed.command("list")
def campaigns_list(account: AnAccount, *, as_json: AsJson = False) -> None:
    """List an account's campaigns in the owner's order."""
    finish(checking.campaigns(account, as_json=as_json))


@listed.command("export")
def campaigns_export(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where the files are to be.")],
    *,
    account: AnAccount,
    form: Annotated[Form, typer.Option("--format", help="yaml, or json.")] = "yaml",
    as_json: AsJson = False,
) -> None:
    """Write each of an account's campaigns to a file: its draft, or else what is live."""
    finish(carrying.export(folder, account=account, form=form, as_json=as_json))


@listed.command("import")
def campaigns_import(
    source: Annotated[str, typer.Argument(metavar="DIR", help="A folder of files, or one file.")],
    *,
    account: AnAccount,
    publish: Annotated[
        bool, typer.Option("--publish", help="They answer from now on: all of them, or none.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring campaigns from files, as drafts; one of the same name gets what its file says."""
    finish(carrying.import_(source, account=account, publish=publish, as_json=as_json))


@campaigns.command("schema")
def schema_(*, as_json: AsJson = True) -> None:  # noqa: ARG001  it is so
    """Print the JSON schema of a campaign."""
    checking.schema()
