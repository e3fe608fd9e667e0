"""What every contract has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """
    A message between two services: frozen, and readable by those who know fewer fields.

    An error about one never quotes it, because it holds what people wrote.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def to_json(self) -> str:
        """Return the message as it travels: JSON without the fields that say nothing."""
        return self.model_dump_json(exclude_none=True)
