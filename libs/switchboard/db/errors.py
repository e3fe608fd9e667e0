"""What PostgreSQL says no with, as ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import asyncpg

from switchboard.errors import Failure, Unavailable


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why PostgreSQL refused: its SQLSTATE, and what it names.

    `message` and `hint` are for people where `raised_by_us` (a trigger or function of ours);
    PostgreSQL's own speak of tables and of what was to be written.
    """

    state: str
    message: str = ""
    hint: str = ""
    table: str = ""
    constraint: str = ""

    @property
    def raised_by_us(self) -> bool:
        """Whether a `raise` of ours made it: then it names no constraint of any table."""
        return bool(self.hint) and not self.constraint


class QueryFailed(Failure):
    """
    PostgreSQL understood that a query is wrong: a constraint, a type, a right.

    A bug of ours, unless it was asked for somebody who may ask for anything: then `refusal` says
    what it refuses them.
    """

    reason: ClassVar[str] = "query_failed"

    def __init__(self, message: str, refusal: Refusal | None = None) -> None:
        super().__init__(message)
        self.refusal = refusal


class ReadOnly(Unavailable):
    """
    Something was to be written where nothing can be: on a standby that is not promoted yet.

    Or, which is a bug of ours, in a transaction that was begun to look only (`acting`).
    """

    reason: ClassVar[str] = "read_only"


class MigrationFailed(Failure):
    """The migrations cannot be applied as they are. What they had begun was undone."""

    reason: ClassVar[str] = "migration_failed"


# SQLSTATE classes and codes that say "not now", whatever was asked (PostgreSQL, appendix A).
_AWAY_CLASSES = (
    "08",  # the connection failed
    "53",  # out of connections, memory or disk
    "57",  # shutting down, starting up, or cancelled for taking too long
    "58",  # the server's own system failed
)
_READ_ONLY = "25006"
_AWAY_CODES = (
    "40001",  # serialisation failure
    "40P01",  # deadlock
    "55P03",  # a lock was not available in time
)


@contextlib.contextmanager
def query_errors(what: str) -> Iterator[None]:
    """
    Turn the driver's errors into ours; `what` names who asked.

    Raises:
        Unavailable: The database is away, or too busy, or chose us as a deadlock's victim. What was
            asked has not happened, or (the connection broke while it was answering) may have: every
            statement of this package can be run again.
        QueryFailed: What was asked is wrong.
    """
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _ours(what, error) from error
    except asyncpg.InterfaceError as error:
        # The driver has one class for "the connection is closed" and "you called me wrongly".
        if "clos" in str(error) and not isinstance(error, asyncpg.DataError):
            raise Unavailable(f"PostgreSQL {what}: {error}") from error
        raise QueryFailed(f"PostgreSQL {what}: {error}") from error
    except asyncpg.InternalClientError as error:
        raise Unavailable(f"PostgreSQL {what}: {type(error).__name__}: {error}") from error
    except TimeoutError as error:
        raise Unavailable(f"PostgreSQL {what}: no answer in time") from error
    except OSError as error:
        raise Unavailable(f"PostgreSQL {what}: {_plainly(error)}") from error


@contextlib.contextmanager
def connection_errors() -> Iterator[None]:
    """
    Turn whatever keeps us from connecting into `Unavailable`.

    A wrong password too: while one is being changed, work must wait, not be thrown away.

    Raises:
        Unavailable: There is no connection to be had.
    """
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        raise Unavailable(f"PostgreSQL: {error}") from error
    except TimeoutError as error:
        raise Unavailable("PostgreSQL: no connection in time") from error
    except OSError as error:
        raise Unavailable(f"PostgreSQL: {_plainly(error)}") from error


def _ours(what: str, error: asyncpg.PostgresError) -> Failure:
    state = error.sqlstate or ""
    text = f"PostgreSQL {what}: {error.args[0]} ({state})"
    if state == _READ_ONLY:
        return ReadOnly(text)
    if state.startswith(_AWAY_CLASSES) or state in _AWAY_CODES:
        return Unavailable(text)
    refusal = Refusal(
        state=state,
        message=str(error.args[0]),
        hint=error.hint or "",
        table=error.table_name or "",
        constraint=error.constraint_name or "",
    )
    return QueryFailed(text, refusal)


def _plainly(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
