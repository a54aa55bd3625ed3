"""How compute vectors are scaled and compared: shared by their families."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from vanta import _core
from vanta.domain.errors import InputError
from vanta.venues.avantis.decimals import scaled

I64 = 2**63 - 1


def e10(value: Any) -> int:
    return scaled(value, decimals=10, field="vector")


def e6(value: Any) -> int:
    return scaled(value, decimals=6, field="vector")


def percents(values: Iterable[Any]) -> list[int]:
    return [e10(value) for value in values]


def cut_off(value: Any, decimals: int) -> Fraction:
    """Units that scaling by 10**decimals took from the value: what its last digits were."""
    return abs(Fraction(str(value)) * 10**decimals - scaled(value, decimals=decimals, field="cut"))


def close(ours: int, reference: Any, decimals: int, *, slack: Fraction = Fraction(0)) -> None:
    """Within one unit of rounding, the double's own error and `slack` units."""
    wanted = Fraction(str(reference)) * 10**decimals
    gap = abs(ours - wanted)
    assert gap <= 1 + slack + abs(wanted) / 10**9, f"{ours} is not {float(wanted)}"


def refused(call: Callable[[], Any]) -> None:
    """Assert that the call raises one of our own errors."""
    try:
        answer = call()
    except (_core.VantaError, InputError):
        return
    raise AssertionError(f"answered {answer!r} where nothing can be answered")
