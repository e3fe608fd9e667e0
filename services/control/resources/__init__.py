"""
The resources, a module each: its models as callers see them, its router, and nothing else.

A handler reads as what happens, in order: it asks `switchboard.db` through `Tx`, raises what
`problems` offers, and returns a model. It decides nothing about rights, which the database does.
`ROUTERS` is what the API serves.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from services.control.resources import (
    accounts,
    activity,
    analytics,
    api_keys,
    audit,
    campaigns,
    contacts,
    dead_letters,
    deliveries,
    exports,
    forecasts,
    intents,
    jobs,
    labels,
    me,
    members,
    workspaces,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    me.router,
    workspaces.router,
    members.router,
    accounts.router,
    campaigns.router,
    intents.router,
    labels.router,
    activity.router,
    deliveries.router,
    forecasts.router,
    contacts.router,
    exports.router,
    api_keys.router,
    audit.router,
    analytics.router,
    dead_letters.router,
    dead_letters.of_all,
    jobs.router,
)
