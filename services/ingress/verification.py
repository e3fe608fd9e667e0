"""The GET by which Meta asks whether an endpoint is ours."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from services.ingress.metrics import VERIFICATIONS
from switchboard.errors import Failure
from switchboard.telemetry import Meter


class VerificationRefused(Failure):
    """The question is not Meta's, or is not about us."""

    reason = "verification_refused"


def challenge_of(query: MultiMapping[str], verify_token: str) -> str:
    """
    Return the challenge to echo.

    Only letters and digits are echoed, so that nobody can make us say something in a browser. A
    parameter given twice counts as not given.

    Raises:
        VerificationRefused: The mode, the token or the challenge is wrong.

    Source: Meta, "Webhooks", verification requests: `hub.mode` is `subscribe`, the challenge an
    int, the answer 200 with the challenge as its whole body.
    """
    if _only(query, "hub.mode") != "subscribe":
        raise VerificationRefused("hub.mode is not subscribe")
    token = _only(query, "hub.verify_token").encode(errors="replace")
    if not hmac.compare_digest(token, verify_token.encode()):
        raise VerificationRefused("hub.verify_token is not META_VERIFY_TOKEN")
    challenge = _only(query, "hub.challenge")
    if not _CHALLENGE.fullmatch(challenge):
        raise VerificationRefused("hub.challenge is not letters and digits")
    return challenge


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Answers `GET /webhooks/instagram`."""

    verify_token: str = field(repr=False)
    meter: Meter

    async def answer(self, request: web.Request) -> web.Response:
        """Echo the challenge to whoever knows the token; 403 to anyone else."""
        try:
            challenge = challenge_of(request.query, self.verify_token)
        except VerificationRefused:
            self.meter.count(VERIFICATIONS, outcome="refused")
            return web.Response(status=403, text="forbidden")
        self.meter.count(VERIFICATIONS, outcome="accepted")
        return web.Response(text=challenge)


def _only(query: MultiMapping[str], name: str) -> str:
    values = query.getall(name, [])
    return values[0] if len(values) == 1 else ""


_CHALLENGE: Final = re.compile(r"[A-Za-z0-9]{1,128}")
