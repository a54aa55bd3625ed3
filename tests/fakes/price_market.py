"""One market of a price book, its sources by number, and time that is told."""

from vanta._core import BREAKERS, PRICE_REJECTS, QUALITIES, AggregateConfig, PriceBook, Quote

ONE = 10**10
P = 60_000 * ONE
SECOND = 10**9
MINUTE = 60 * SECOND
STREAM = {"kind": "stream", "interval_ns": SECOND}
PUSH = {"kind": "push", "heartbeat_ns": 1_200 * SECOND, "deviation_e10": ONE // 200}


class Market:
    """One market, its sources by number (source 0 is the primary), and time that is told."""

    def __init__(self, *feeds: dict, has_hours: bool = False, **bounds: int) -> None:
        self.book = PriceBook(AggregateConfig())
        self.wall = 1_700_000_000 * SECOND
        self.mono = 100 * SECOND
        self.book.set_clock_offset(0, **self.now)
        limits = {"min_price_e10": 1_000 * ONE, "max_price_e10": 10_000_000 * ONE} | bounds
        self.book.add_market(0, has_hours=has_hours, **limits)
        for source, feed in enumerate(feeds):
            self.book.add_feed(0, source, **{"group": source, "primary": source == 0} | feed)

    @property
    def now(self) -> dict[str, int]:
        return {"now_wall_ns": self.wall, "now_mono_ns": self.mono}

    def pass_(self, ns: int) -> None:
        self.wall += ns
        self.mono += ns

    def say(self, source: int, value: object = P, **more: object) -> str:
        fields = {"publish_ns": self.wall} | more
        code = self.book.update(
            0, source, value=value, recv_wall_ns=self.wall, recv_mono_ns=self.mono, **fields
        )
        return PRICE_REJECTS[code]

    def all(self, *values: int) -> None:
        for source, value in enumerate(values):
            assert self.say(source, value) == "ACCEPTED"

    def run(self, *values: int, seconds: int) -> None:
        for _ in range(seconds):
            self.pass_(SECOND)
            for source, value in enumerate(values):
                self.say(source, value)

    def quote(self) -> Quote:
        return self.book.quote(0, **self.now)

    @property
    def quality(self) -> str:
        return QUALITIES[self.quote().quality]

    @property
    def breaker(self) -> str:
        return BREAKERS[self.quote().breaker]

    @property
    def rejected(self) -> dict[int, str]:
        return dict(self.quote().sources_rejected)

    @property
    def alarms(self) -> list[str]:
        return self.book.alarms(0, now_wall_ns=self.wall, now_mono_ns=self.mono)


def streams(count: int) -> Market:
    return Market(*[STREAM] * count)


def off(percent: float) -> int:
    return P + round(P * percent / 100)
