"""An embedding model, asked in its turn like the chat model: they are on one server."""

from __future__ import annotations

from collections.abc import Sequence

from services.classifier.attending import Attended
from services.classifier.recognisers import Places
from switchboard.intents.vectors import Matrix


class AttendedPlaces:
    """`places`, asked by way of `attended`."""

    def __init__(self, places: Places, attended: Attended) -> None:
        self.name, self._places, self._attended = places.name, places, attended

    async def encode(self, texts: Sequence[str], *, within_s: float) -> Matrix:
        """Return a row of length 1 for each of `texts`; raises `NoAnswer` if it cannot."""

        async def call(left_s: float) -> Matrix:
            return await self._places.encode(texts, within_s=left_s)

        return await self._attended.ask(call, within_s=within_s)
