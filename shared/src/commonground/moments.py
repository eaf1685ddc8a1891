"""Dates and times of callers, only as the OpenAPI documents describe them: written out."""

import re

from pydantic import BeforeValidator

from commonground.problems import SafeValueError

_NUMBER = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]+\s*")


def _written_out(value: object) -> object:
    """Refuse numbers, which pydantic takes for seconds since 1970: a slip would become a wrong moment, not an error."""
    if isinstance(value, (int, float)) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        message = "Write a date as in 2026-11-20, a time as in 2026-11-20T09:30:00Z"
        raise SafeValueError(message)
    return value


WRITTEN_OUT = BeforeValidator(_written_out)
