"""Recorded markets: gz CSV with the columns ts_ns,market,source,price,conf, sorted by time.

Reading is strict, because a silently skipped row is a silently different market: the first fault
stops with its line, field and value. Files are streamed; nothing but counters is kept in memory.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from vanta.domain.errors import ConfigError, echo
from vanta.prices.numbers import decimal_e10

HEADER: Final = "ts_ns,market,source,price,conf"
MAX_LINE: Final = 512
MAX_SERIES: Final = 512
_TS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_MARKET: Final = re.compile(r"[A-Z0-9]{1,12}/[A-Z0-9]{1,12}", re.ASCII)
_SOURCE: Final = re.compile(r"[A-Za-z0-9:._-]{1,64}", re.ASCII)
_STABLES: Final = ("USDC", "USDT")


class RecordingError(ConfigError):
    """The file is not a recording: the text names line, field and value."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One line of a recording; `number` counts data rows from 1."""

    number: int
    ts_ns: int
    market: str
    source: str
    price_e10: int
    conf_e10: int | None


class Series(msgspec.Struct):
    """What the first pass learns of one (market, source)."""

    rows: int = 0
    first_ns: int = 0
    last_ns: int = 0
    with_conf: int = 0

    @property
    def interval_ns(self) -> int:
        """Mean distance of its rows; at least 1 ms."""
        return max(1_000_000, (self.last_ns - self.first_ns) // max(1, self.rows - 1))


def read(path: Path) -> Iterator[Row]:
    """Yield the rows of a recording in order; raises `RecordingError` at the first fault."""
    last_ns = 0
    number = 0
    try:
        with gzip.open(path, "rt", encoding="ascii", newline="") as file:
            header = file.readline(MAX_LINE).rstrip("\r\n")
            if header != HEADER:
                raise RecordingError(f"{path.name} line 1: header {echo(header)!r}, not {HEADER!r}")
            while line := file.readline(MAX_LINE):
                number += 1
                row = _row(line, number, path.name)
                if row.ts_ns < last_ns:
                    raise _fault(path.name, number, "ts_ns", str(row.ts_ns), "not before the last")
                last_ns = row.ts_ns
                yield row
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise RecordingError(f"{path.name} after line {number + 1}: {echo(str(error))}") from error


def survey(path: Path) -> dict[tuple[str, str], Series]:
    """Read the whole file once and tell what is in it by (market symbol, source name)."""
    found: dict[tuple[str, str], Series] = {}
    for row in read(path):
        series = found.get((row.market, row.source))
        if series is None:
            if len(found) >= MAX_SERIES:
                raise RecordingError(f"{path.name}: more than {MAX_SERIES} series")
            series = found[row.market, row.source] = Series(first_ns=row.ts_ns)
        series.rows += 1
        series.last_ns = row.ts_ns
        series.with_conf += row.conf_e10 is not None
    if not found:
        raise RecordingError(f"{path.name}: no rows")
    return found


def place(market: str, source: str, symbols: Iterable[str]) -> tuple[str, str] | None:
    """Tell which of our markets a series speaks of, and under which source name.

    A pair quoted in a dollar stablecoin is one more source of the dollar pair, named after the
    stablecoin and taken at face value, as a naive feed would: when the peg breaks, the price book
    must throw it out. None when no market of ours is meant.
    """
    base, _, quote = market.partition("/")
    known = set(symbols)
    if market in known:
        return market, source
    if quote in _STABLES and base not in _STABLES and f"{base}/USD" in known:
        return f"{base}/USD", f"{source}:{quote}"
    return None


def _row(line: str, number: int, name: str) -> Row:
    if not line.endswith("\n") and len(line) >= MAX_LINE:
        raise _fault(name, number, "line", line, f"at most {MAX_LINE} characters")
    fields = line.rstrip("\r\n").split(",")
    if len(fields) != 5:
        raise _fault(name, number, "line", line.strip(), "5 fields")
    ts, market, source, price, conf = fields
    if not _TS.fullmatch(ts) or int(ts) >= 2**63:
        raise _fault(name, number, "ts_ns", ts, "Unix nanoseconds")
    if not _MARKET.fullmatch(market):
        raise _fault(name, number, "market", market, "BASE/QUOTE")
    if not _SOURCE.fullmatch(source):
        raise _fault(name, number, "source", source, "a plain name")
    price_e10 = decimal_e10(price)
    if price_e10 is None or not 0 < price_e10 < 2**63:
        raise _fault(name, number, "price", price, "a plain decimal above 0")
    conf_e10 = decimal_e10(conf) if conf else None
    if conf and (conf_e10 is None or not 0 <= conf_e10 < 2**63):
        raise _fault(name, number, "conf", conf, "empty or a plain decimal")
    return Row(number, int(ts), market, source, price_e10, conf_e10)


def _fault(name: str, number: int, field: str, value: str, needs: str) -> RecordingError:
    return RecordingError(f'{name} line {number + 1}: {field} "{echo(value)}": needs {needs}')
