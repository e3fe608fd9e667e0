"""The commands, their arguments, and how the process ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from switchboard.cli import (
    alerts,
    checking,
    connected,
    deliveries,
    diagnosis,
    dlq,
    dry_run,
    erasing,
    explain,
    forecast,
    latest,
    migrating,
    operating,
    replay,
    sealing,
    secrets,
    workspaces,
)
from switchboard.cli.failing import EXIT_CANNOT, EXIT_INTERRUPTED, CannotDo
from switchboard.cli.intents import intents
from switchboard.cli.moments import moment
from switchboard.cli.running import finish, refuse

app = typer.Typer(
    name="switchboard",
    help="Why somebody got an answer, what another campaign would do, and what operators do.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
draft = typer.Typer(help="What is being written and answers nothing yet.", no_args_is_help=True)
app.add_typer(draft, name="draft")
app.add_typer(intents, name="intents")
owed = typer.Typer(
    help="What is owed to whom and how it stands, and what a person decides about it.",
    no_args_is_help=True,
)
app.add_typer(owed, name="deliveries")

dead = typer.Typer(
    help="Messages that could not be handled: why, and sending them back.", no_args_is_help=True
)
app.add_typer(dead, name="dlq")

known = typer.Typer(help="Instagram accounts, and how each one is.", no_args_is_help=True)
app.add_typer(known, name="accounts")

tokens = typer.Typer(help="Access tokens and secrets at rest.", no_args_is_help=True)
app.add_typer(tokens, name="tokens")

running_it = typer.Typer(
    help="Who runs the installation, and sees by the API how all of it is.", no_args_is_help=True
)
app.add_typer(running_it, name="operators")

File = Annotated[str, typer.Argument(metavar="FILE", help="A campaign as JSON; - reads stdin.")]
AnAccount = Annotated[str, typer.Option("--account", help="Its id, Instagram id or name.")]
MaybeAccount = Annotated[
    str | None, typer.Option("--account", help="An account's id, Instagram id or name.")
]
MaybeCampaign = Annotated[str | None, typer.Option("--campaign", help="A known campaign's id.")]
Name = Annotated[str | None, typer.Option("--name", help="What the campaign is called.")]
Rank = Annotated[int | None, typer.Option("--rank", help="Its place in the order, least first.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
CheckMedia = Annotated[
    bool, typer.Option("--check-media", help="Ask the servers of its files what Meta will find.")
]


@app.command("explain")
def explain_(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="Its id, its comment's, or its message's.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell why an event got what it got, and what became of it."""
    finish(explain.explain(event, as_json=as_json))


@app.command("events")
def events_(
    account: AnAccount,
    last: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List an account's latest events, with the ids that `explain` takes."""
    finish(latest.events(account, last=last, as_json=as_json))


@app.command("alerts")
def alerts_(account: MaybeAccount = None, *, as_json: AsJson = False) -> None:
    """Tell what is open of one account, or of all: what has happened, and what to do."""
    finish(alerts.alerts(account, as_json=as_json))


@app.command("try-again")
def try_again_(account: AnAccount) -> None:
    """Let a held account try one message at once, because its owner says that it is mended."""
    finish(alerts.try_again(account))


@app.command("forecast")
def forecast_(
    account: AnAccount,
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Name those who will not be answered in time.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell when those who wait for a private reply will have it, and how many too late."""
    finish(forecast.forecast(account, missing=missing, as_json=as_json))


@app.command("doctor")
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


@app.command("replay")
def replay_(
    since: Annotated[str, typer.Option("--since", help="From when on, in UTC.")],
    until: Annotated[
        str | None, typer.Option("--until", help="Until just before; else now.")
    ] = None,
    account: MaybeAccount = None,
    file: Annotated[
        str | None, typer.Option("--campaign", help="A campaign as JSON, to decide with.")
    ] = None,
    as_: Annotated[
        str | None, typer.Option("--as", help="The campaign it takes the place of; else new.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """
    Decide stored events again, and print what comes out otherwise.

    With --campaign: decide with that one, and print who would get something else. Nothing is sent
    and nothing written.
    """
    try:
        of = replay.Range(
            since=moment(since, "--since"),
            until=None if until is None else moment(until, "--until"),
            account=account,
        )
    except CannotDo as failure:
        raise typer.Exit(refuse(str(failure))) from None
    if file is None and as_ is not None:
        raise typer.Exit(refuse("--as: names what --campaign FILE takes the place of; give both"))
    finish(
        replay.replay(of, as_json=as_json)
        if file is None
        else replay.what_if(of, file, as_, as_json=as_json)
    )


@app.command("dry-run")
def dry_run_(
    file: File,
    account: AnAccount,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How far back.")] = 30,
    campaign: MaybeCampaign = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Tell what a campaign would have done with the last days' events, beside the live ones."""
    finish(dry_run.dry_run(file, account=account, days=days, campaign=campaign, as_json=as_json))


@app.command("lint")
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


@app.command("publish")
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
        )
    )


@app.command("pause")
def pause_(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id.")],
) -> None:
    """Let a campaign start nothing any more; what is under way with people goes on."""
    finish(checking.pause(campaign))


@tokens.command("rotate")
def tokens_rotate(*, as_json: AsJson = False) -> None:
    """Seal all tokens and secrets again with the first of TOKEN_KEYS; the others still open."""
    finish(sealing.rotate(as_json=as_json))


@tokens.command("new-key")
def tokens_new_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")],
    *,
    kms_key: Annotated[str, typer.Option("--kms-key", help="The id, ARN or alias of KMS's key.")],
) -> None:
    """Have AWS KMS make a key and wrap it, and print that for TOKEN_KEYS_KMS."""
    finish(sealing.new_key(name, kms_key=kms_key))


@app.command("webhook-secret")
def webhook_secret_(account: AnAccount) -> None:
    """Make what an account's webhooks are signed with, anew, and print it. Needs TOKEN_KEYS."""
    finish(secrets.webhook_secret(account))


@draft.command("save")
def draft_save(
    file: File,
    *,
    account: AnAccount,
    name: Name = None,
    campaign: MaybeCampaign = None,
    rank: Rank = None,
) -> None:
    """Keep a draft, which need not make sense yet."""
    finish(checking.save_draft(file, account=account, name=name, campaign=campaign, rank=rank))


@draft.command("show")
def draft_show(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="A campaign's id.")],
) -> None:
    """Print a campaign's draft."""
    finish(checking.show_draft(campaign))


@app.command("campaigns")
def campaigns_(account: AnAccount, *, as_json: AsJson = False) -> None:
    """List an account's campaigns in the owner's order."""
    finish(checking.campaigns(account, as_json=as_json))


@app.command("schema")
def schema_() -> None:
    """Print the JSON schema of a campaign."""
    checking.schema()


ADelivery = Annotated[str, typer.Argument(metavar="DELIVERY", help="A delivery's id.")]


@owed.command("list")
def deliveries_list(
    account: AnAccount,
    state: Annotated[
        str | None, typer.Option("--state", help="Only those that are: uncertain, parked, ...")
    ] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=1000, help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List an account's latest deliveries, the newest last."""
    finish(deliveries.list_(account, state=state, last=last, as_json=as_json))


@owed.command("show")
def deliveries_show(delivery: ADelivery, *, as_json: AsJson = False) -> None:
    """Tell how a delivery stands, what it has been through, and where it was looked for."""
    finish(deliveries.show(delivery, as_json=as_json))


@owed.command("decide")
def deliveries_decide(
    delivery: ADelivery,
    *,
    sent: Annotated[bool, typer.Option("--sent", help="It was sent: somebody saw it.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry", help="Send it again: the person may get it twice.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Leave it, sent or not.")] = False,
    message_id: Annotated[
        str | None, typer.Option("--message-id", help="With --sent: what Meta calls it.")
    ] = None,
    sure: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Decide about a delivery of which nobody could find out whether it was sent."""
    verdicts: dict[deliveries.Verdict, bool] = {"sent": sent, "retry": retry, "drop": drop}
    chosen = [verdict for verdict, is_meant in verdicts.items() if is_meant]
    if len(chosen) != 1:
        raise typer.Exit(refuse("give one of --sent, --retry and --drop"))
    if message_id is not None and not sent:
        raise typer.Exit(refuse("--message-id: goes with --sent"))
    finish(deliveries.decide(delivery, chosen[0], message_id=message_id, sure=sure))


@owed.command("cancel")
def deliveries_cancel(delivery: ADelivery) -> None:
    """Call off a delivery that was not sent yet."""
    finish(deliveries.cancel(delivery))


AQueue = Annotated[str, typer.Argument(metavar="QUEUE", help="events, classify, ...")]
Messages = Annotated[
    list[str] | None, typer.Option("--id", help="One message's id; several times for several.")
]


@dead.command("list")
def dlq_list(
    queue: Annotated[
        str | None, typer.Argument(metavar="[QUEUE]", help="Only this one's: events, ...")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, max=dlq.MOST, help="How many of each queue.")
    ] = 100,
    *,
    as_json: AsJson = False,
) -> None:
    """List messages that were buried, with the reason; they stay where they are."""
    finish(dlq.list_(queue, last=last, as_json=as_json))


@dead.command("show")
def dlq_show(
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="A message's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one of them whole, with what people wrote."""
    finish(dlq.show(message, as_json=as_json))


@dead.command("redrive")
def dlq_redrive(
    queue: AQueue,
    ids: Messages = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are there now.")] = False,
    most: Annotated[
        int, typer.Option("--most", min=1, max=dlq.MOST, help="With --all: no more than so many.")
    ] = dlq.MOST,
) -> None:
    """Send them back to their queue, to be handled again."""
    if everything == bool(ids):
        raise typer.Exit(refuse("give --id, once for each message, or --all"))
    finish(dlq.redrive(queue, ids or (), most=most))


@dead.command("discard")
def dlq_discard(
    queue: AQueue,
    ids: Messages = None,
    *,
    sure: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Throw messages away that nobody needs any more; what they say is lost."""
    if not ids:
        raise typer.Exit(refuse("give --id, once for each message"))
    finish(dlq.discard(queue, ids, sure=sure))


@known.command("list")
def accounts_list(*, as_json: AsJson = False) -> None:
    """List the accounts that are, or were, connected."""
    finish(connected.list_(as_json=as_json))


@known.command("show")
def accounts_show(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Id, Instagram id or name.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell how an account is: its token, webhooks, holds, alerts, what it owes."""
    finish(connected.show(account, as_json=as_json))


AUser = Annotated[str, typer.Argument(metavar="USER", help="Their id or e-mail address.")]


@running_it.command("add")
def operators_add(user: AUser) -> None:
    """Let a user see by the API how the whole installation is."""
    finish(operating.add(user))


@running_it.command("remove")
def operators_remove(user: AUser) -> None:
    """Let a user see that no longer."""
    finish(operating.remove(user))


@running_it.command("list")
def operators_list(*, as_json: AsJson = False) -> None:
    """List who runs the installation."""
    finish(operating.list_(as_json=as_json))


@app.command("export")
def export_(
    workspace: Annotated[str, typer.Argument(metavar="WORKSPACE", help="Its id or name.")],
    destination: Annotated[
        str, typer.Argument(metavar="DEST", help="A new folder, or a new file ending in .zip.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Write everything that a workspace owns as plain files, without tokens or secrets."""
    finish(workspaces.export(workspace, destination, as_json=as_json))


@app.command("import")
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


@app.command("erase")
def erase_(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Their id at the account.")],
    *,
    account: AnAccount,
    sure: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a person, who they are and what they said, everywhere and for ever."""
    finish(erasing.erase(person, account, sure=sure, as_json=as_json))


@app.command("migrate")
def migrate_(
    directory: Annotated[
        str, typer.Option("--directory", help="Where the migrations are.")
    ] = "supabase/migrations",
    *,
    as_json: AsJson = False,
) -> None:
    """Bring the database up to date; does nothing to one that is."""
    finish(migrating.migrate(directory, as_json=as_json))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code. Wrong arguments are told in one line."""
    arguments = None if argv is None else list(argv)
    try:
        code = app(args=arguments, standalone_mode=False)
    except typer.TyperException as error:
        return refuse(f"{error.format_message().rstrip('.')}; see `switchboard --help`")
    except (typer.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # whoever read what we print has had enough
        return EXIT_CANNOT
    return code if isinstance(code, int) else 0
