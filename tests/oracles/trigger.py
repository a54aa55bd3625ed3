"""The trigger book as a list that is scanned on every price.

It keeps a trailing stop's best price and a break-even's activation per trigger and moves them on
every tick: what the core does for groups, lazily. Integers are Python's, so nothing overflows.
"""

from dataclasses import dataclass

KINDS = ("TAKE_PROFIT", "STOP_LOSS", "LIMIT", "TRAILING", "BREAK_EVEN", "BUFFER")
TAKE_PROFIT, STOP_LOSS, LIMIT, TRAILING, BREAK_EVEN, BUFFER = range(6)
MAX = 2**63 - 1


@dataclass
class Armed:
    id: int
    version: int
    market_ix: int
    kind: int
    is_long: bool
    level_e10: int
    distance_e10: int = 0
    offset_e10: int = 0
    active: bool = False

    @property
    def fires_above(self) -> bool:
        return (self.kind == TAKE_PROFIT) == self.is_long

    def fires_at(self) -> int | None:
        """Level of now; None for a break-even at rest."""
        sign = 1 if self.is_long else -1
        if self.kind == TRAILING:
            return self.level_e10 - sign * self.distance_e10
        if self.kind == BREAK_EVEN:
            return self.level_e10 + sign * self.offset_e10 if self.active else None
        return self.level_e10

    def reached(self, price: int) -> bool:
        level = self.fires_at()
        if level is None:
            return False
        return price >= level if self.fires_above else price <= level

    def move(self, price: int) -> None:
        sign = 1 if self.is_long else -1
        if self.kind == TRAILING:
            self.level_e10 = max(self.level_e10 * sign, price * sign) * sign
        if self.kind == BREAK_EVEN and sign * (price - self.level_e10) >= self.distance_e10:
            self.active = True


def allowed(one: Armed) -> bool:
    """Whether the numbers belong to the kind and give prices."""
    if one.kind not in (TRAILING, BREAK_EVEN):
        return one.distance_e10 == 0 and one.offset_e10 == 0
    if one.distance_e10 <= 0 or (one.kind == TRAILING and one.offset_e10):
        return False
    sign = 1 if one.is_long else -1
    if one.kind == TRAILING:
        return one.is_long or one.level_e10 + one.distance_e10 <= MAX
    activation = one.level_e10 + sign * one.distance_e10
    stop = one.level_e10 + sign * one.offset_e10
    return one.offset_e10 < one.distance_e10 and 1 <= activation <= MAX and 0 <= stop <= MAX


Row = tuple[int, int, int, int]


class ScanBook:
    """Every call looks at every trigger."""

    def __init__(self) -> None:
        self.armed: list[Armed] = []

    def live(self, id_: int) -> Armed | None:
        return next((one for one in self.armed if one.id == id_), None)

    def arm(self, one: Armed) -> bool:
        was = self.live(one.id)
        if not allowed(one) or (was is not None and one.version <= was.version):
            return False
        self.disarm(one.id)
        self.armed.append(one)
        return True

    def disarm(self, id_: int) -> bool:
        count = len(self.armed)
        self.armed = [one for one in self.armed if one.id != id_]
        return len(self.armed) < count

    def on_quote(self, market_ix: int, price: int) -> list[Row]:
        """(id, version, kind, level) of what fires, in order."""
        if price == 0:
            return []
        here = [one for one in self.armed if one.market_ix == market_ix]
        for one in here:
            one.move(price)
        fired = [one for one in here if one.reached(price)]
        self.armed = [one for one in self.armed if one not in fired]
        rows = []
        for above in (False, True):
            lane = [(one.fires_at() or 0, one) for one in fired if one.fires_above is above]
            lane.sort(key=lambda pair: (pair[0] if above else -pair[0], pair[1].id))
            rows += [(one.id, one.version, one.kind, level) for level, one in lane]
        return rows

    def level(self, id_: int) -> int | None:
        one = self.live(id_)
        level = None if one is None else one.fires_at()
        return None if level is None or level < 0 else level

    def next_levels(self, market_ix: int) -> tuple[int | None, int | None]:
        def levels(above: bool) -> list[int]:
            here = [o for o in self.armed if o.market_ix == market_ix and o.fires_above is above]
            found = [one.fires_at() for one in here]
            return [level for level in found if level is not None and level >= 0]

        return min(levels(True), default=None), max(levels(False), default=None)
