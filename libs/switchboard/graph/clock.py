"""What Meta's servers take for the present."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiohttp import ClientError, ClientSession

from switchboard.errors import Unavailable


async def read_clock(http: ClientSession, url: str, *, budget_s: float) -> datetime:
    """
    Return the `Date` of an answer of the server at `url`, to the second, whatever else it says.

    Raises:
        Unavailable: There is no answer, or it does not say.
    """
    try:
        async with asyncio.timeout(budget_s), http.get(url, allow_redirects=False) as answer:
            moment = parsedate_to_datetime(answer.headers["Date"])
    except (ClientError, OSError, TimeoutError, KeyError, ValueError) as error:
        raise Unavailable(f"Graph API: no date: {type(error).__name__}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
