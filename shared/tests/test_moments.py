"""Dates and times of callers are written out; numbers are a slip."""

from datetime import datetime
from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from commonground.moments import WRITTEN_OUT

MOMENT = TypeAdapter(Annotated[datetime | None, WRITTEN_OUT])


@pytest.mark.parametrize("value", [0, 1_700_000_000, 0.5, True, "0.5", "1700000000", " -1 ", "+3.5"])
def test_a_number_is_no_moment(value):
    with pytest.raises(ValidationError) as error:
        MOMENT.validate_python(value)
    assert "2026-11-20T09:30:00Z" in str(error.value.errors()[0]["msg"])


@pytest.mark.parametrize("value", ["2026-11-20T09:30:00Z", "2026-11-20T10:30:00+01:00", "2026-11-20"])
def test_a_moment_that_is_written_out_is_taken(value):
    assert MOMENT.validate_python(value).year == 2026
    assert MOMENT.validate_python(None) is None
