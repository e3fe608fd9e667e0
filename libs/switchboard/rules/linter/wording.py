"""What messages say and show, whenever they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import HttpUrl

from switchboard.rules.campaigns import (
    CampaignDefinition,
    FollowUp,
    Media,
    Message,
    PrivateReply,
    PublicReply,
    Webhook,
)
from switchboard.rules.campaigns.content import media_faults
from switchboard.rules.linter.findings import Code, Finding, finding


@dataclass(frozen=True, slots=True)
class MediaFound:
    """What the server of a file says of it; `None` where it does not say."""

    content_type: str | None
    size_bytes: int | None


def about_variants(definition: CampaignDefinition) -> Iterator[Finding]:
    """Yield where variants differ in what happens next, or do not differ at all."""
    for position, step in enumerate(definition.steps):
        path = f"steps.{position}.variants"
        if isinstance(step, PublicReply) and len(set(step.variants)) == 1:
            yield finding(Code.ONE_PUBLIC_VARIANT, path)
        contents = step.variants if isinstance(step, PrivateReply | Message | FollowUp) else ()
        if len({content.waits for content in contents}) > 1:
            yield finding(Code.VARIANTS_WAIT_DIFFERENTLY, path)


def about_links(definition: CampaignDefinition) -> Iterator[Finding]:
    """Yield each address that is not encrypted."""
    for path, url in _addresses(definition):
        if url.scheme != "https":
            yield finding(Code.LINK_NOT_HTTPS, path)


def about_media(
    definition: CampaignDefinition, found: Mapping[str, MediaFound]
) -> Iterator[Finding]:
    """Yield each file Meta would refuse, going by what was `found` at its address."""
    for path, content in definition.contents():
        if not isinstance(content.media, Media):
            continue
        known = found.get(str(content.media.url))
        if known is not None:
            faults = media_faults(content.media.kind, known.content_type, known.size_bytes)
            for fault in faults:
                within, _, wrong = fault.partition(": ")
                yield finding(Code.MEDIA_REFUSED, f"{path}.media.{within}", wrong)


def _addresses(definition: CampaignDefinition) -> Iterator[tuple[str, HttpUrl]]:
    for path, content in definition.contents():
        for number, button in enumerate(content.buttons):
            if button.kind == "link":
                yield f"{path}.buttons.{number}.url", button.url
        if isinstance(content.media, Media):
            yield f"{path}.media.url", content.media.url
    for position, step in enumerate(definition.steps):
        if isinstance(step, Webhook):
            yield f"steps.{position}.url", step.url
