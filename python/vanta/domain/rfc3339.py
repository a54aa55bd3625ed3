"""Times as other systems sign and send them (RFC 3339), to Unix nanoseconds."""

import calendar
import datetime
import re
from typing import Final

from vanta.domain.errors import InputError

_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})[Tt]"
    r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
    r"(?:\.(?P<fraction>[0-9]{1,40}))?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
)
SECOND_NS: Final = 10**9


def parse_time_ns(text: str, *, field: str) -> int:
    """Read date, time and offset; digits below a nanosecond are cut off.

    Raises `InputError` naming the field.

    >>> parse_time_ns("1970-01-01T02:00:00.5+02:00", field="time")
    500000000
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise _wrong(field, text)
    try:
        day = datetime.date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise _wrong(field, text) from None
    # A second 60 is the one behind its minute: Unix time has no leap seconds.
    clock = (int(match["hour"]), int(match["minute"]), int(match["second"]))
    seconds = calendar.timegm((*day.timetuple()[:3], *clock))
    if match["sign"]:
        offset = int(match["hours"]) * 3600 + int(match["minutes"]) * 60
        seconds -= offset if match["sign"] == "+" else -offset
    fraction = int((match["fraction"] or "").ljust(9, "0")[:9])
    return seconds * SECOND_NS + fraction


def _wrong(field: str, text: str) -> InputError:
    limit = "an RFC 3339 time such as 2026-01-31T12:00:00Z"
    return InputError("E-ARG", field=field, value=text, limit=limit)
