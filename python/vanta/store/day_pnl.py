"""Profit by UTC day: what the daily loss limit and the reports read."""

import datetime
from typing import Final

import msgspec

from vanta.domain.enums import Mode
from vanta.domain.errors import NotFoundError
from vanta.store.pool import Conn, Pool, Row

DAY_NS: Final = 86_400 * 10**9
_EPOCH: Final = datetime.date(1970, 1, 1)


def day_of(at_ns: int) -> datetime.date:
    """Return the UTC day of an instant."""
    return _EPOCH + datetime.timedelta(days=at_ns // DAY_NS)


def day_start_ns(day: datetime.date) -> int:
    """Return 00:00 UTC of a day."""
    return (day - _EPOCH).days * DAY_NS


class DayRow(msgspec.Struct, frozen=True, kw_only=True):
    """One user's day in one mode."""

    user_id: int
    mode: Mode
    day: datetime.date
    start_equity_e6: int | None  # None until the opening equity was taken
    realised_e6: int
    fees_e6: int
    fills: int


class DayPnl:
    """Sums by (user, mode, day)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    _ADD: Final = """
        INSERT INTO day_pnl AS d (user_id, mode, day, realised_e6, fees_e6, fills)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id, mode, day) DO UPDATE SET
            realised_e6 = d.realised_e6 + excluded.realised_e6,
            fees_e6 = d.fees_e6 + excluded.fees_e6,
            fills = d.fills + excluded.fills
    """

    async def add(  # noqa: PLR0917  # one column each, in the order of the table
        self,
        conn: Conn,
        user_id: int,
        mode: Mode,
        day: datetime.date,
        realised_e6: int,
        fees_e6: int,
        fills: int,
    ) -> None:
        """Add to a day's sums; the row is made when it is missing."""
        await conn.execute(self._ADD, user_id, mode.value, day, realised_e6, fees_e6, fills)

    # The first word stands: a restart in the middle of the day must not reset the loss limit.
    _START: Final = """
        INSERT INTO day_pnl AS d (user_id, mode, day, start_equity_e6) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_id, mode, day) DO UPDATE SET
            start_equity_e6 = coalesce(d.start_equity_e6, excluded.start_equity_e6)
        RETURNING *
    """

    async def start(self, user_id: int, mode: Mode, day: datetime.date, equity_e6: int) -> DayRow:
        """Note the equity a day began with, unless it was noted before; return the day."""
        row = await self._pool.fetchrow(self._START, user_id, mode.value, day, equity_e6)
        if row is None:
            raise NotFoundError("the day was not written")
        return _day(row)

    _OF_USER: Final = """
        SELECT * FROM day_pnl WHERE user_id = $1 AND ($3::text IS NULL OR mode = $3)
        ORDER BY day DESC, mode LIMIT $2
    """

    async def of_user(self, user_id: int, days: int, mode: Mode | None = None) -> list[DayRow]:
        """Return a user's latest `days` rows, newest first."""
        name = None if mode is None else mode.value
        return [_day(row) for row in await self._pool.fetch(self._OF_USER, user_id, days, name)]


def _day(row: Row) -> DayRow:
    return DayRow(
        user_id=row["user_id"],
        mode=Mode(row["mode"]),
        day=row["day"],
        start_equity_e6=row["start_equity_e6"],
        realised_e6=row["realised_e6"],
        fees_e6=row["fees_e6"],
        fills=row["fills"],
    )
