"""The combination of prices, slow and obvious, over exact fractions.

Written from the published rules, not from the core: the voices of one instant, each fresh and of
its own group, to a quality and a price. All numbers are at scale 10**10.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

ONE = 10**10
FLOOR = Fraction(5, 1000)
CAP = Fraction(15, 1000)
MAD_MULTIPLE = 3 * Fraction(14826, 10000)
MAD_VOICES = 5


class Voice(NamedTuple):
    price: int
    conf: int = 0
    deviation_e10: int = 0
    primary: bool = False


class Combined(NamedTuple):
    quality: str
    price: int
    used: frozenset[int]


def half_even(value: Fraction) -> int:
    """Round to the nearest integer, a half to the even one."""
    return round(value)


def median(values: Sequence[int]) -> int:
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return half_even(Fraction(ordered[half - 1] + ordered[half], 2))


def tolerance(*voices: Voice) -> Fraction:
    """max(0.5 %, push deviation + conf/price), at most 1.5 %; conf/price is rounded down to e10."""
    deviation = max(Fraction(v.deviation_e10, ONE) for v in voices)
    conf = max(Fraction(v.conf * ONE // v.price, ONE) for v in voices)
    return min(CAP, max(FLOOR, deviation + conf))


def middle_voices(voices: Sequence[Voice]) -> list[Voice]:
    ordered = sorted(enumerate(voices), key=lambda pair: (pair[1].price, pair[0]))
    half = len(ordered) // 2
    picked = [ordered[half]] if len(ordered) % 2 else ordered[half - 1 : half + 1]
    return [voice for _, voice in picked]


def combine(voices: Sequence[Voice], *, has_primary: bool = True) -> Combined:
    agreed_without_primary = "DEGRADED" if has_primary else "GOOD"
    everybody = frozenset(range(len(voices)))
    if not voices:
        return Combined("NONE", 0, everybody)
    leader = next((v.price for v in voices if v.primary), None)
    if len(voices) == 1:
        alone = "SINGLE" if leader is not None or not has_primary else "FALLBACK"
        return Combined(alone, voices[0].price, everybody)
    if len(voices) == 2:
        a, b = voices
        if Fraction(abs(a.price - b.price), min(a.price, b.price)) > tolerance(a, b):
            return Combined("CONFLICT", 0, frozenset())
        if leader is not None:
            return Combined("GOOD", leader, everybody)
        return Combined(agreed_without_primary, median([a.price, b.price]), everybody)
    centre = median([v.price for v in voices])
    noise = Fraction(0)
    if len(voices) >= MAD_VOICES:
        noise = MAD_MULTIPLE * median([abs(v.price - centre) for v in voices]) / centre
    around = middle_voices(voices)
    agreed = frozenset(
        index
        for index, v in enumerate(voices)
        if Fraction(abs(v.price - centre), centre) <= max(tolerance(v, *around), noise)
    )
    if len(agreed) < 2 or 2 * len(agreed) <= len(voices):
        return Combined("CONFLICT", 0, frozenset())
    if any(voices[index].primary for index in agreed):
        assert leader is not None
        return Combined("GOOD", leader, agreed)
    return Combined(agreed_without_primary, median([voices[i].price for i in agreed]), agreed)
