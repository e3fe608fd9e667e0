"""Campaigns as they were published once, for people who are in the middle of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias
from uuid import UUID

from switchboard.contracts import CampaignId
from switchboard.rules.campaigns import Campaign

# A campaign's version, and the account it must be of: a payload could name anybody's.
Version: TypeAlias = tuple[UUID, CampaignId, int]


class Source(Protocol):
    """Where published versions come from."""

    async def published(self, wanted: Sequence[Version]) -> Mapping[Version, Campaign]:
        """Return those of the `wanted` versions that there are."""
        ...


class PublishedVersions:
    """
    A bounded cache. What is published never changes, so nothing in it grows old.

    A version that does not exist is asked for each time: it may exist the next time.
    """

    def __init__(self, source: Source, *, capacity: int) -> None:
        self._source, self._capacity = source, capacity
        self._versions: OrderedDict[Version, Campaign] = OrderedDict()

    async def published(self, wanted: Iterable[Version]) -> Mapping[Version, Campaign]:
        """
        Return those of the `wanted` versions that there are.

        Raises:
            Unavailable: One is not in memory and the database does not answer.
        """
        asked = set(wanted)
        missing = sorted(asked - self._versions.keys())
        if missing:
            self._versions.update(await self._source.published(missing))
        found = {version: self._versions[version] for version in asked & self._versions.keys()}
        for version in found:
            self._versions.move_to_end(version)
        while len(self._versions) > self._capacity:
            self._versions.popitem(last=False)
        return found
