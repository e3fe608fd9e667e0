"""`intents ...`: what people may want, how well it is recognised, and what would help."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from switchboard.cli import evaluation, owned
from switchboard.cli.asking import Who
from switchboard.cli.commands.options import AnAccount, AsJson
from switchboard.cli.evaluation import Texts
from switchboard.cli.failing import CannotDo
from switchboard.cli.labelled import NONE_LABELS
from switchboard.cli.running import finish, refuse
from switchboard.intents.tiers import Thresholds

intents = typer.Typer(
    help="What people may want: how well it is recognised, and what would help.",
    no_args_is_help=True,
)

_FILE = "Labelled texts: CSV, TSV, JSON or JSON lines; - reads stdin."
Believed = Annotated[
    float, typer.Option("--threshold", min=0, max=1, help="Less sure than this is no answer.")
]
Clear = Annotated[
    float, typer.Option("--clear", min=0, max=1, help="So sure, the examples answer alone.")
]
Plot = Annotated[
    str | None, typer.Option("--plot", metavar="FILE.svg", help="Accuracy against coverage.")
]
UseEncoder = Annotated[
    bool, typer.Option("--encoder/--no-encoder", help="Whether to compare meanings, or words only.")
]
Ollama = Annotated[str | None, typer.Option("--ollama", metavar="URL", help="An Ollama server.")]
ChatModel = Annotated[
    str | None, typer.Option("--model", help="Its chat model, asked in doubt; else nobody is.")
]
EmbedModel = Annotated[
    str | None, typer.Option("--embed-model", help="Its embedding model, in place of the encoder.")
]


@intents.command("eval")
def eval_(
    file: Annotated[str | None, typer.Argument(metavar="FILE", help=_FILE)] = None,
    *,
    account: Annotated[
        str | None, typer.Option("--account", help="An account's labelled history, for FILE.")
    ] = None,
    train: Annotated[
        str | None, typer.Option("--train", metavar="FILE", help="Learn from this; ask FILE.")
    ] = None,
    examples: Annotated[
        int | None, typer.Option("--examples", min=1, help="Of each intent, at most; else all.")
    ] = None,
    curve: Annotated[
        str | None, typer.Option("--curve", metavar="3,10,30", help="With so many, one by one.")
    ] = None,
    test_share: Annotated[
        float, typer.Option("--test-share", min=0.01, max=0.99, help="Asked, if FILE has no split.")
    ] = 0.3,
    seed: Annotated[int, typer.Option("--seed", help="Of the lot that is drawn.")] = 1,
    none: Annotated[
        list[str] | None,
        typer.Option("--none", metavar="LABEL", help="Labels of what is out of scope."),
    ] = None,
    text_column: Annotated[str | None, typer.Option("--text-column")] = None,
    label_column: Annotated[str | None, typer.Option("--label-column")] = None,
    split_column: Annotated[str | None, typer.Option("--split-column")] = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Correct confidence by FILE's validation split.")
    ] = False,
    threshold: Believed = 0.5,
    clear: Clear = 0.8,
    encoder: UseEncoder = True,
    ollama: Ollama = None,
    model: ChatModel = None,
    embed_model: EmbedModel = None,
    as_json: AsJson = False,
    plot: Plot = None,
) -> None:
    """
    Tell how well labelled texts are recognised: learn from some, and ask the others.

    With --account: ask what its owner has labelled, learning from its intents.

    FILE needs a text and a label in each entry. Where it names splits (train, validation, test)
    they are kept to; else some of each intent are asked, by lot.
    """
    who = Who(encoder=encoder, ollama=ollama, model=model, embed_model=embed_model)
    if (file is None) == (account is None):
        raise typer.Exit(refuse("give FILE or --account: which texts are to be asked?"))
    if file is None:
        finish(owned.evaluate(str(account), who, as_json=as_json, plot=plot))
        return
    named: dict[Any, str | None] = {
        "text": text_column,
        "label": label_column,
        "split": split_column,
    }
    texts = Texts(
        file=file,
        train=train,
        none=tuple(none) if none else NONE_LABELS,
        columns={name: column for name, column in named.items() if column},
        examples=examples,
        test_share=test_share,
        seed=seed,
    )
    finish(
        evaluation.evaluate(
            texts,
            who,
            thresholds=_thresholds(threshold, clear),
            curve=_counts(curve),
            by_history=calibrate,
            as_json=as_json,
            plot=plot,
        )
    )


@intents.command("check")
def check_(
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Intents as JSON, or labelled texts.")
    ] = None,
    *,
    account: Annotated[str | None, typer.Option("--account", help="Its intents, for FILE.")] = None,
    ollama: Ollama = None,
    model: ChatModel = None,
    embed_model: EmbedModel = None,
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with intents, and whether models can do what they are for."""
    who = Who(ollama=ollama, model=model, embed_model=embed_model)
    finish(owned.check_(file, account, who, as_json=as_json))


@intents.command("publish")
def publish_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="As JSON, or labelled texts.")],
    *,
    account: AnAccount,
    as_json: AsJson = False,
) -> None:
    """Make the intents in FILE the account's, in place of those it has; errors hold them back."""
    finish(owned.publish(file, account, as_json=as_json))


@intents.command("show")
def show_(account: AnAccount, *, as_json: AsJson = True) -> None:  # noqa: ARG001  it is so
    """Print an account's intents, as `publish` reads them."""
    finish(owned.show(account))


@intents.command("label")
def label_(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="As `explain` takes it.")],
    intent: Annotated[str, typer.Argument(metavar="INTENT", help="Its name, or none.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say what somebody wanted, for the account's labelled history."""
    finish(owned.label(event, intent, as_json=as_json))


@intents.command("learn")
def learn_(
    file: Annotated[str, typer.Argument(metavar="FILE", help=_FILE)],
    *,
    account: AnAccount,
    as_json: AsJson = False,
) -> None:
    """Keep labelled texts from a file as the account's history."""
    finish(owned.learn(file, account, as_json=as_json))


@intents.command("suggest")
def suggest_(
    account: AnAccount,
    *,
    most: Annotated[int, typer.Option("--most", min=1, max=1000, help="How many.")] = 20,
    ollama: Ollama = None,
    embed_model: EmbedModel = None,
    as_json: AsJson = False,
) -> None:
    """Propose examples: labelled texts that were missed, those that speak for most first."""
    who = Who(ollama=ollama, embed_model=embed_model)
    finish(owned.suggest(account, who, most=most, as_json=as_json))


@intents.command("calibrate")
def calibrate_(
    account: AnAccount,
    *,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", min=0, max=1, help="From now on, how sure it must be."),
    ] = None,
    ollama: Ollama = None,
    embed_model: EmbedModel = None,
    as_json: AsJson = False,
) -> None:
    """Correct the account's confidence by its labelled history."""
    who = Who(ollama=ollama, embed_model=embed_model)
    finish(owned.calibrate(account, who, threshold=threshold, as_json=as_json))


def _thresholds(believed: float, clear: float) -> Thresholds:
    return Thresholds(believed=believed, clear=max(believed, clear))


def _counts(written: str | None) -> list[int]:
    try:
        counts = [int(one) for one in written.split(",")] if written else []
    except ValueError:
        counts = [0]
    if any(count < 1 for count in counts):
        raise typer.Exit(refuse(str(CannotDo("--curve: give numbers of examples, as in 3,10,30"))))
    return counts
