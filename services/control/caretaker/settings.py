"""What looking after accounts needs from the environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, PostgresDsn, model_validator

from services.control.caretaker.snapshotting import Snapshots
from services.control.caretaker.watching import Rhythm
from switchboard.graph import App
from switchboard.settings import (
    BaseUrl,
    MetaSettings,
    QueueSettings,
    SecretList,
    VaultSettings,
    WebhookSettings,
)
from switchboard.storage import StorageSettings
from switchboard.storage.settings import PlaceUrl


class CaretakerSettings(
    MetaSettings, StorageSettings, QueueSettings, VaultSettings, WebhookSettings
):
    """Where the caretaker works, and how often."""

    caretaker_database_url: PostgresDsn = Field(
        repr=False, description="PostgreSQL, as switchboard_caretaker."
    )
    meta_app_secrets: SecretList = Field(
        description="The secrets Meta signs with, the Instagram app's first: that one proves us in "
        "logins, all are accepted in what Meta tells of owners who leave."
    )
    control_public_url: BaseUrl | None = Field(
        None,
        description="Where browsers and Meta reach control: an owner's login comes back to it. "
        "Unset: nobody can log in at Instagram.",
    )
    caretaker_call_budget_s: float = Field(
        20.0, gt=0, description="The longest one of the caretaker's calls to Meta may take."
    )
    caretaker_webhook_try_s: float = Field(
        10.0, gt=0, description="The longest an owner's server may take when its webhook is tried."
    )
    caretaker_calls_an_hour: int = Field(
        200, ge=2, le=10_000, description="Calls to Meta for one account's caretaking in an hour."
    )
    caretaker_every_s: float = Field(
        5.0, gt=0, description="Seconds between two looks for what is due."
    )
    caretaker_lease_s: float = Field(
        300.0,
        ge=10,
        description="Seconds after which what a killed process was at is done by another.",
    )
    caretaker_at_once: int = Field(
        4, ge=1, le=100, description="Jobs done side by side by one process."
    )
    caretaker_backfill_s: float = Field(
        600.0, gt=0, description="Seconds between two readings of an account's new comments."
    )
    caretaker_on_its_way_s: float = Field(
        60.0,
        ge=0,
        description="Seconds for which a comment's webhook may still be on its way; younger ones "
        "are left to it.",
    )
    caretaker_backfill_soon_s: float = Field(
        60.0,
        gt=0,
        description="The same, after webhooks were missed, after we were away, and in silence.",
    )

    archive_url: PlaceUrl | None = Field(
        None,
        description="Where old days of the ledger are kept: `s3://bucket/prefix`, or a directory"
        " that all processes of control share.",
    )
    archive_dir: Path | None = Field(
        None, description="The same, as a directory: what ARCHIVE_URL was called before."
    )
    retention_days: int | None = Field(
        None,
        ge=30,
        le=36_500,
        description="Days after which one of the ledger is archived and dropped. Unset: never.",
    )

    exports_keep_days: int = Field(
        7, ge=1, le=30, description="Days after which an export is removed."
    )
    snapshots_every_days: int | None = Field(
        None,
        ge=1,
        le=366,
        description="Days between two snapshots of a workspace, which are exports that nobody asks"
        " for. Unset: none are made.",
    )
    snapshots_keep_days: int = Field(
        30, ge=1, le=3_660, description="Days after which a snapshot is removed."
    )

    @model_validator(mode="after")
    def _dropped_is_archived(self) -> Self:
        if self.archive_dir is not None and self.archive_url is not None:
            raise ValueError("ARCHIVE_DIR is what ARCHIVE_URL was called before: set ARCHIVE_URL")
        if (self.archive is None) != (self.retention_days is None):
            raise ValueError("ARCHIVE_URL and RETENTION_DAYS are set together, or neither is")
        return self

    @model_validator(mode="after")
    def _snapshots_have_a_place(self) -> Self:
        if self.snapshots_every_days is not None and self.exports_url is None:
            raise ValueError("SNAPSHOTS_EVERY_DAYS needs EXPORTS_URL, where they are kept")
        return self

    @model_validator(mode="after")
    def _soon_is_sooner(self) -> Self:
        if self.caretaker_backfill_soon_s > self.caretaker_backfill_s:
            raise ValueError("CARETAKER_BACKFILL_SOON_S must not be over CARETAKER_BACKFILL_S")
        return self

    @property
    def archive(self) -> str | None:
        """Where old days are kept, if they are dropped."""
        return self.archive_url or (str(self.archive_dir) if self.archive_dir else None)

    def snapshots(self) -> Snapshots | None:
        """Return how often workspaces are exported unasked; `None`: never."""
        if self.snapshots_every_days is None:
            return None
        return Snapshots(
            every=timedelta(days=self.snapshots_every_days),
            keep=timedelta(days=self.snapshots_keep_days),
        )

    def app(self) -> App:
        """Return our app at Meta."""
        return App(
            app_id=self.meta_app_id,
            app_secret=self.meta_app_secrets[0],
            www_url=self.meta_www_url,
            api_url=self.meta_api_url,
            graph_url=self.meta_graph_url,
        )

    def rhythm(self) -> Rhythm:
        """Return how often comments are read."""
        return Rhythm(
            usual=timedelta(seconds=self.caretaker_backfill_s),
            soon=timedelta(seconds=self.caretaker_backfill_soon_s),
        )
