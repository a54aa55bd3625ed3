"""How limits are shown: used, left and again when, rounded against the person, on a phone."""

import pytest

from vanta.control.handlers.limit_views import tables
from vanta.control.limit_rows import DAY_NS, LimitRow
from vanta.domain.limits import LIMITS
from vanta.telegram.text import COLUMNS

E6, E10, S = 10**6, 10**10, 10**9
NOON_NS = 20_000 * DAY_NS + DAY_NS // 2
KEYS = {limit.key: limit for limit in LIMITS}


def row(key: str, limit: int, used: int | None, after_ns: int = 0) -> LimitRow:
    kind = KEYS[key]
    return LimitRow(
        key=key,
        rule=kind.rule,
        title=kind.title,
        unit=kind.unit,
        limit=limit,
        used=used,
        resets_at_ns=NOON_NS + after_ns if after_ns else 0,
    )


def shown(*args: int | None, key: str = "volume_hour_usd") -> tuple[str, ...]:
    limit, used, after_ns = (*args, 0)[:3]
    [table] = tables([row(key, limit or 0, used, after_ns or 0)], NOON_NS)
    assert table.columns == ("Limit", "Used", "Left", "Again")
    return table.rows[0][1:]


@pytest.mark.parametrize(
    ("used_e6", "expected"),
    [
        (0, ("$0", "$10,000", "-")),
        (1, ("$1", "$9,999", "13:00")),
        (9_999 * E6, ("$9,999", "$1", "13:00")),
        (9_999 * E6 + 1, ("$10,000", "$0", "13:00")),
        (10_000 * E6, ("$10,000", "$0", "13:00")),
        (12_000 * E6, ("$12,000", "$0", "13:00")),  # the limit was made tighter
    ],
)
def test_used_is_never_shown_smaller_and_left_never_larger(
    used_e6: int, expected: tuple[str, ...]
) -> None:
    assert shown(10_000 * E6, used_e6, 3_600 * S) == expected


@pytest.mark.parametrize(
    ("after_ns", "again"),
    [
        (1, "1s"),
        (22 * S, "22s"),
        (99 * S, "99s"),
        (100 * S, "12:02"),
        (DAY_NS // 2, "00:00"),
        (DAY_NS, "12:00"),
        (DAY_NS + 60 * S, "10-05"),
    ],
)
def test_again_is_a_wait_a_time_or_a_day(after_ns: int, again: str) -> None:
    assert shown(5, 1, after_ns, key="opens_per_minute") == ("1", "4", again)


def test_shares_have_two_decimals() -> None:
    used = 100_000_001  # a little over 1 %
    assert shown(20 * 10**8, used, DAY_NS // 2, key="max_daily_loss_pct") == (
        "1.01%",
        "18.99%",
        "00:00",
    )


def test_what_is_asked_anew_of_each_order_stands_apart() -> None:
    rows = [row("max_leverage", 50 * E10, None), row("opens_per_minute", 5, 0)]
    counted, asked = tables(rows, NOON_NS)
    assert counted.rows == (("Opens/min", "0", "5", "-"),)
    assert asked.rows == (("Leverage", "50x"),)


def test_the_widest_rows_fit_a_phone() -> None:
    most = [
        row("volume_day_usd", 99_999 * E6, 99_998 * E6, DAY_NS // 2),
        row("volume_hour_usd", 9_000_000 * E6, 5_432_100 * E6 + 1, DAY_NS // 2),
        row("max_daily_loss_pct", 20 * 10**8, 12_34 * 10**6, DAY_NS // 2),
        row("messages_per_minute", 1_000, 500, 59 * S),
        row("max_losses_in_row", 1_000, 1_000, 3 * DAY_NS),
    ]
    for table in tables(most, NOON_NS):
        every = [table.columns, *table.rows]
        widths = [max(len(r[i]) for r in every) for i in range(len(table.columns))]
        assert sum(widths) + len(widths) - 1 <= COLUMNS
