"""The models it says it has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

# Moments and sizes are fixed: two runs give the same bytes.
_MODIFIED_AT: Final = "2026-11-02T12:00:00.123456789Z"
_SIZE: Final = 1_929_912_432


@dataclass(frozen=True, slots=True)
class SimModel:
    """A model: its name with its tag, what it can do, and how long its vectors are."""

    name: str
    capabilities: tuple[str, ...]
    dimensions: int = 0

    @property
    def digest(self) -> str:
        """What Ollama would call its weights."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def details(self) -> dict[str, Any]:
        """What Ollama tells of a model's family."""
        family = "qwen2" if "completion" in self.capabilities else "nomic-bert"
        return {
            "parent_model": "",
            "format": "gguf",
            "family": family,
            "families": [family],
            "parameter_size": "3.1B",
            "quantization_level": "Q4_K_M",
        }

    def listed(self) -> dict[str, Any]:
        """Return it as `/api/tags` lists it."""
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": _MODIFIED_AT,
            "size": _SIZE,
            "digest": self.digest,
            "details": self.details,
        }

    def running(self) -> dict[str, Any]:
        """Return it as `/api/ps` lists it."""
        return {
            "name": self.name,
            "model": self.name,
            "size": _SIZE,
            "digest": self.digest,
            "details": self.details,
            "expires_at": "2026-11-02T12:05:00Z",
            "size_vram": 0,
        }

    def shown(self) -> dict[str, Any]:
        """Return it as `/api/show` tells of it."""
        return {
            "modelfile": f"FROM {self.name}\n",
            "parameters": "",
            "template": "{{ .Prompt }}",
            "details": self.details,
            "model_info": {"general.architecture": self.details["family"]},
            "capabilities": list(self.capabilities),
            "modified_at": _MODIFIED_AT,
        }


def tagged(name: str) -> str:
    """Return `name` as Ollama completes it."""
    return name if ":" in name else f"{name}:latest"


AT_FIRST: Final = (
    SimModel("qwen2.5:3b", ("completion", "tools")),
    SimModel("nomic-embed-text:latest", ("embedding",), dimensions=256),
)
