"""What kind of failure an event met: one that passes, one that stays, or one that nobody knows."""

import asyncio
import enum

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class TransientError(Exception):
    """It will work later: retried for as long as it takes, never a dead letter. The message must hold no data."""


class PermanentError(Exception):
    """It will never work: a dead letter at once. The message must hold no personal data and no free text."""


class Kind(enum.Enum):
    """What to do about a failure."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


# PostgreSQL's classes of errors that pass by themselves: connection, resources, intervention, system, and of
# class 40 and 55 deadlock, serialisation and lock time-out.
_TRANSIENT_STATES = ("08", "40", "53", "55P03", "57", "58")


def kind_of(error: BaseException) -> Kind:
    """Return what to do about ``error``."""
    if isinstance(error, TransientError):
        return Kind.TRANSIENT
    if isinstance(error, PermanentError | ValidationError):
        return Kind.PERMANENT
    if isinstance(error, DBAPIError):
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if error.connection_invalidated or state.startswith(_TRANSIENT_STATES):
            return Kind.TRANSIENT
        return Kind.TRANSIENT if isinstance(error, OperationalError | InterfaceError) and not state else Kind.UNKNOWN
    if isinstance(error, PoolTimeoutError | asyncio.TimeoutError | ConnectionError | OSError):
        return Kind.TRANSIENT
    return Kind.UNKNOWN


def describe(error: BaseException) -> str:
    """Return where and what went wrong without any of the data, since messages may quote their input."""
    if isinstance(error, ValidationError):
        places = sorted({f"{'.'.join(map(str, item['loc']))}: {item['type']}" for item in error.errors()})
        return f"ValidationError({'; '.join(places)})"
    if isinstance(error, PermanentError | TransientError):
        return f"{type(error).__name__}({error})"
    trace = error.__traceback__
    place = ""
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
