"""
What a message says. Limits that Meta would enforce by refusing are enforced here, with their path.

Sources: Meta's pages "Messaging API" (1000 bytes, media types), "Button template" (640 characters,
three buttons) and "Quick replies" (13); a title of 20 characters is what integrators keep to, and
Meta cuts longer ones off.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from switchboard.contracts.ids import CampaignId, MediaId
from switchboard.rules.campaigns.base import Rule, StepId
from switchboard.rules.variables import fault, longest

MAX_TEXT_BYTES: Final = 1000
MAX_TEMPLATE_CHARACTERS: Final = 640
MAX_BUTTON_TITLE_CHARACTERS: Final = 20
MAX_BUTTONS: Final = 3
MAX_QUICK_REPLIES: Final = 13
MAX_URL_CHARACTERS: Final = 2000

MediaKind = Literal["image", "video", "audio", "file"]
# What Meta's page names for each kind, as file names have it; and how large one may be.
MEDIA_SUFFIXES: Final[dict[MediaKind, frozenset[str]]] = {
    "image": frozenset({".png", ".jpg", ".jpeg", ".gif"}),
    "video": frozenset({".mp4", ".ogg", ".ogv", ".avi", ".mov", ".webm"}),
    "audio": frozenset({".aac", ".m4a", ".wav", ".mp4"}),
    "file": frozenset({".pdf"}),
}
MEDIA_TYPES: Final[dict[MediaKind, frozenset[str]]] = {
    "image": frozenset({"image/png", "image/jpeg", "image/gif"}),
    "video": frozenset(
        {
            "video/mp4",
            "video/ogg",
            "video/x-msvideo",
            "video/avi",
            "video/quicktime",
            "video/webm",
        }
    ),
    "audio": frozenset(
        {"audio/aac", "audio/mp4", "audio/x-m4a", "audio/wav", "audio/x-wav", "audio/mpeg4"}
    ),
    "file": frozenset({"application/pdf"}),
}
MEDIA_MAX_BYTES: Final[dict[MediaKind, int]] = {
    "image": 8 * 2**20,
    "video": 25 * 2**20,
    "audio": 25 * 2**20,
    "file": 25 * 2**20,
}


def _fits_in_a_message(text: str) -> str:
    wrong = fault(text)
    if wrong is not None:
        raise ValueError(wrong)
    _, size_bytes = longest(text)
    if size_bytes > MAX_TEXT_BYTES:
        written = len(text.encode())
        msg = f"{size_bytes} bytes of UTF-8; Meta takes {MAX_TEXT_BYTES}"
        if size_bytes != written:
            msg += f" ({written} are written here, the rest is what its variables may become)"
        raise ValueError(msg)
    if not text.strip():
        raise ValueError("nothing but white space")
    return text


Text = Annotated[str, Field(min_length=1), AfterValidator(_fits_in_a_message)]
Title = Annotated[str, Field(min_length=1, max_length=MAX_BUTTON_TITLE_CHARACTERS, pattern=r"\S")]


class LinkButton(Rule):
    """A button that opens a page; the click is seen."""

    kind: Literal["link"] = "link"
    title: Title
    url: Annotated[HttpUrl, Field(max_length=MAX_URL_CHARACTERS)]


class StepButton(Rule):
    """A button, or a chip, that leads to another step of the same campaign."""

    kind: Literal["step"] = "step"
    title: Title
    step: StepId


class CampaignButton(Rule):
    """A button, or a chip, that starts another campaign of the account."""

    kind: Literal["campaign"] = "campaign"
    title: Title
    campaign: CampaignId


Button = Annotated[LinkButton | StepButton | CampaignButton, Field(discriminator="kind")]
Chip = Annotated[StepButton | CampaignButton, Field(discriminator="kind")]


class Media(Rule):
    """A file that Meta fetches from `url` when the message is sent."""

    kind: MediaKind
    url: Annotated[HttpUrl, Field(max_length=MAX_URL_CHARACTERS)]

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> Self:
        suffix = PurePosixPath(self.url.path or "/").suffix.lower()
        taken = MEDIA_SUFFIXES[self.kind]
        if suffix and suffix in _ALL_SUFFIXES and suffix not in taken:
            raise ValueError(f"url: {suffix} is no {self.kind}; Meta takes {_listed(taken)}")
        return self


class Post(Rule):
    """One of the account's own posts, shared into the conversation."""

    kind: Literal["post"] = "post"
    media_id: MediaId


Attached = Annotated[Media | Post, Field(discriminator="kind")]


class Content(Rule):
    """What a message says: text with buttons or chips under it, or one file or post."""

    text: Text | None = None
    buttons: Annotated[tuple[Button, ...], Field(max_length=MAX_BUTTONS)] = ()
    quick_replies: Annotated[tuple[Chip, ...], Field(max_length=MAX_QUICK_REPLIES)] = ()
    media: Attached | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_one_button(cls, written: Any) -> Any:
        """Take `button`, which is how a single link was published at first."""
        if isinstance(written, dict) and written.get("button") is not None:
            rest = {name: value for name, value in written.items() if name != "button"}
            link = written["button"]
            if isinstance(link, dict):
                link = {"kind": "link"} | link
            return rest | {"buttons": [*written.get("buttons", ()), link]}
        return written

    @model_validator(mode="after")
    def _is_one_message(self) -> Self:
        if (self.text is None) == (self.media is None):
            raise ValueError("text, media: exactly one of them makes a message")
        if self.text is None and (self.buttons or self.quick_replies):
            raise ValueError("buttons, quick_replies: these stand under a text")
        if self.buttons and self.quick_replies:
            raise ValueError("buttons, quick_replies: Meta shows one or the other")
        if self.buttons and self.text is not None:
            characters, _ = longest(self.text)
            if characters > MAX_TEMPLATE_CHARACTERS:
                msg = f"text: {characters} characters; with buttons Meta takes "
                raise ValueError(msg + str(MAX_TEMPLATE_CHARACTERS))
        return self

    @property
    def waits(self) -> bool:
        """Whether the flow waits here for a tap: something under the text leads further."""
        return any(one.kind != "link" for one in (*self.buttons, *self.quick_replies))


def media_faults(kind: MediaKind, content_type: str | None, size_bytes: int | None) -> list[str]:
    """Return what Meta would refuse about a file whose server says this of it."""
    faults = []
    plain = (content_type or "").split(";")[0].strip().lower()
    if plain and plain != "application/octet-stream" and plain not in MEDIA_TYPES[kind]:
        faults.append(f"url: {plain} is no {kind}; Meta takes {_listed(MEDIA_TYPES[kind])}")
    if size_bytes is not None and size_bytes > MEDIA_MAX_BYTES[kind]:
        most = MEDIA_MAX_BYTES[kind]
        faults.append(f"url: {size_bytes} bytes; Meta takes {most} for a {kind}")
    return faults


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


_ALL_SUFFIXES: Final = frozenset(
    {".bmp", ".tif", ".tiff", ".webp", ".heic", ".svg", ".mkv", ".wmv", ".mp3", ".ogg", ".flac"}
).union(*MEDIA_SUFFIXES.values()) | {".doc", ".docx", ".zip", ".txt", ".xls", ".xlsx", ".ppt"}
