"""`intents ...`: what people may want, how well it is recognised, and what would help."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from switchboard.cli import evaluation
from switchboard.cli.asking import Who
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
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
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
    file: Annotated[str, typer.Argument(metavar="FILE", help=_FILE)],
    *,
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

    FILE needs a text and a label in each entry. Where it names splits (train, validation, test)
    they are kept to; else some of each intent are asked, by lot.
    """
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
            Who(encoder=encoder, ollama=ollama, model=model, embed_model=embed_model),
            thresholds=_thresholds(threshold, clear),
            curve=_counts(curve),
            by_history=calibrate,
            as_json=as_json,
            plot=plot,
        )
    )


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
