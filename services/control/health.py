"""Health and figures, as every service has them, in this one's application."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from switchboard.health import Health, told
from switchboard.telemetry import Meter


def add_health_routes(api: FastAPI, health: Health, meter: Meter) -> None:
    """Serve `health` and the meter's totals in `api`, beside what it describes."""

    @api.get("/health/live", include_in_schema=False)
    async def live() -> JSONResponse:
        return _answer(health, health.live())

    @api.get("/health/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        return _answer(health, await health.ready())

    @api.get("/metrics.json", include_in_schema=False)
    async def metrics() -> JSONResponse:
        return JSONResponse(dict(meter.totals()))


def _answer(health: Health, faults: dict[str, str]) -> JSONResponse:
    status, body = told(faults, health.loop)
    return JSONResponse(body, status)
