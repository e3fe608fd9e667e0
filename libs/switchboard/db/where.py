"""Conditions of a query that are written only if they are asked for, so that indexes serve them."""

from __future__ import annotations


class Where:
    """
    A `where`, with its values in their order. Conditions are ours, values may be anybody's.

    One query with "or the parameter is null" for each condition would be planned for all of them.
    """

    def __init__(self) -> None:
        self.values: list[object] = []
        self._conditions: list[str] = []

    def value(self, value: object) -> str:
        """Return the parameter that stands for `value`."""
        self.values.append(value)
        return f"${len(self.values)}"

    def add(self, condition: str, *values: object) -> None:
        """Add a condition, in which each `{}` stands for the next of `values`."""
        self._conditions.append(condition.format(*map(self.value, values)))

    def add_given(self, *conditions: tuple[str, object]) -> None:
        """Add each condition whose value is given."""
        for condition, value in conditions:
            if value is not None:
                self.add(condition, value)

    def written(self) -> str:
        """Return it as SQL."""
        return f" where {' and '.join(self._conditions)}"
