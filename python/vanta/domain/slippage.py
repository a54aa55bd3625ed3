"""How far a price has run away from the one a wish was made at."""

from vanta.domain.units import I64_MAX, ONE_E10


def adverse_move_e10(from_e10: int, to_e10: int, *, buys: bool) -> int:
    """Movement against the trader as a share of `from_e10`, rounded up; 0 when it helps.

    Opening a long and closing a short buy; the other two sell.

    >>> adverse_move_e10(100 * 10**10, 101 * 10**10, buys=True)
    100000000
    """
    against_e10 = to_e10 - from_e10 if buys else from_e10 - to_e10
    if against_e10 <= 0:
        return 0
    return min(-(-against_e10 * ONE_E10 // from_e10), I64_MAX)
