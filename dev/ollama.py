"""The language model of this machine, if there is one: looked for once, before services start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from dev.surroundings import Surroundings
from services.classifier.settings import Settings

_BUDGET: Final = aiohttp.ClientTimeout(total=5)
_ALONE: Final = "intents are recognised by their examples alone"


@dataclass(frozen=True, slots=True)
class Found:
    """Whether the classifier can ask the model, and what there is to tell about it."""

    usable: bool
    told: str

    @property
    def environment(self) -> dict[str, str]:
        """What the classifier's environment must say, lest it ask what is not there."""
        return {} if self.usable else {"OLLAMA_HOST": "", "CLASSIFIER_EMBED_MODEL": ""}


async def look_for_model(around: Surroundings) -> Found:
    """Ask the server at OLLAMA_HOST whether it has the models that the classifier would ask."""
    host = around.given("OLLAMA_HOST")
    if host is None:
        return Found(usable=False, told=f"no OLLAMA_HOST: {_ALONE}")
    default: str = Settings.model_fields["classifier_model"].default
    wanted = [around.given("CLASSIFIER_MODEL") or default, around.given("CLASSIFIER_EMBED_MODEL")]
    try:
        names = await _names(host)
    except (aiohttp.ClientError, TimeoutError, ValueError, TypeError, LookupError):
        return Found(usable=False, told=f"{host} does not answer as Ollama does: {_ALONE}")
    missing = [name for name in wanted if name and _tagged(name) not in names]
    if missing:
        told = f"{host} has no {', '.join(missing)} (`ollama pull` brings it): {_ALONE}"
        return Found(usable=False, told=told)
    return Found(usable=True, told=f"{', '.join(filter(None, wanted))} at {host}")


async def _names(host: str) -> set[str]:
    async with (
        aiohttp.ClientSession(timeout=_BUDGET, raise_for_status=True) as http,
        http.get(f"{host.rstrip('/')}/api/tags") as answer,
    ):
        told: Any = await answer.json()
        return {_tagged(one["name"]) for one in told["models"]}


def _tagged(name: str) -> str:
    """Return `name` as Ollama completes it."""
    return name if ":" in name else f"{name}:latest"
