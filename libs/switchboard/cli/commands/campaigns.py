"""Campaigns, as their owner writes, publishes and pauses them."""

from __future__ import annotations

from typing import Annotated

import typer

from switchboard.cli import checking
from switchboard.cli.commands.options import AnAccount, AsJson, File, MaybeAccount, MaybeCampaign
from switchboard.cli.running import finish

campaigns = typer.Typer()
draft = typer.Typer(help="What is being written and answers nothing yet.", no_args_is_help=True)
campaigns.add_typer(draft, name="draft")

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


@campaigns.command("campaigns")
def campaigns_(account: AnAccount, *, as_json: AsJson = False) -> None:
    """List an account's campaigns in the owner's order."""
    finish(checking.campaigns(account, as_json=as_json))


@campaigns.command("schema")
def schema_(*, as_json: AsJson = True) -> None:  # noqa: ARG001  it is so
    """Print the JSON schema of a campaign."""
    checking.schema()
