"""What every record of the venue has in common: how it is read, and what is said when it cannot be.

The venue's JSON is foreign: a field that is missing or of another kind is an `InputError` that
names the field, never an exception of the decoder.
"""

from typing import TypeVar

import msgspec

from vanta.domain.errors import InputError


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Fields the engine reads; the venue sends more."""


Record = TypeVar("Record", bound=Wire)


def read(body: bytes, kind: type[Record]) -> Record:
    """Read one record of the venue's JSON; raises `InputError` for a body that is none."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        # The decoder names the path and the kind of what is wrong, not what stood there.
        given = body[:200].decode(errors="replace")
        raise InputError("E-ARG", field=kind.__name__, value=given, limit=str(error)) from error
