"""The words of a trade command, in any order, to scaled integers. Pure.

    /long BTC 100 25x sl=-2% tp=roi:50% slip=0.5%        /close #12 50%

Every word must be understood: one that is not raises `InputError` naming it. Words of later
releases are recognised and answered as not available yet, never ignored.
"""

import re
from typing import Any, Final, NamedTuple

import msgspec

from vanta.domain.enums import Side
from vanta.domain.errors import InputError
from vanta.domain.market import Catalogue, Market
from vanta.domain.units import (
    I64_MAX,
    ONE_E10,
    format_percent,
    parse_percent_e10,
    parse_price_e10,
    parse_ratio_e10,
    parse_usd_e6,
)

MAX_WORDS: Final = 12
_LIKE: Final = "BTC, 100, 25x, sl=-2% or #12"
_LATER: Final = ("trail=", "be=", "@", "stop@", "twap")
_SYMBOL: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}(?:[/_-][A-Za-z]{2,5})?", re.ASCII)
_NUMBER_LIKE: Final = re.compile(r"[+-]?[0-9.]", re.ASCII)
_WRONG_UNIT: Final = re.compile(r"[0-9.]+[a-z]{1,3}", re.ASCII)


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """A take profit or stop loss as a person says it: exactly one field is set.

    `move_e10` and `roi_e10` are signed shares: of the price, of the collateral.
    """

    price_e10: int = 0
    move_e10: int = 0
    roi_e10: int = 0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a command said; 0 or None where it said nothing."""

    market: Market | None = None
    collateral_e6: int = 0
    leverage_e10: int = 0
    take_profit: Stop | None = None
    stop_loss: Stop | None = None
    slippage_e10: int = 0
    portion_e10: int = 0
    position_id: int = 0
    is_all: bool = False


class Form(NamedTuple):
    """A command's words: an example, and the fields of `Request` that it takes."""

    example: str
    takes: frozenset[str]


OPEN: Final = Form(
    "/long BTC 100 25x sl=-2%",
    frozenset(
        {"market", "collateral_e6", "leverage_e10", "take_profit", "stop_loss", "slippage_e10"}
    ),
)
CLOSE: Final = Form("/close #12 50%", frozenset({"market", "position_id", "is_all", "portion_e10"}))
STOPS: Final = Form(
    "/tpsl #12 sl=-2% tp=+5%", frozenset({"position_id", "take_profit", "stop_loss"})
)
SHOW: Final = Form("/positions #12", frozenset({"position_id"}))


def parse(text: str, catalogue: Catalogue, form: Form) -> Request:
    """Read the words after a command.

    Raises `InputError`: E-ARG for a word that is not understood, stands twice, is out of range or
    means nothing to this command, E-SYM for an unknown market.
    """
    words = text.split()
    if len(words) > MAX_WORDS:
        raise InputError("E-ARG", field="command", value=text, limit=f"at most {MAX_WORDS} words")
    said: dict[str, Any] = {}
    unknown: InputError | None = None
    for word in words:
        try:
            name, value = _read(word, catalogue)
        except InputError as error:
            if error.code != "E-SYM":
                raise
            unknown = unknown or error
            continue
        if name not in form.takes:
            raise InputError("E-ARG", field="word", value=word, limit=f"the form {form.example}")
        if name in said:
            raise InputError("E-ARG", field=_label(name), value=word, limit="to be said once")
        said[name] = value
    if unknown is not None:
        if "market" not in said:
            raise unknown
        # One market is named already, so this word was meant as something else.
        raise InputError("E-ARG", field="word", value=unknown.value, limit=_LIKE)
    return Request(**said)


def stop_price(stop: Stop, *, kind: str, side: Side, entry_e10: int, leverage_e10: int) -> int:
    """Turn a stop of `kind` "tp" or "sl" into a price, rounded towards entry.

    A return on collateral is turned into a move of the price by the leverage.
    Raises `InputError` when there is no such price.
    """
    if stop.price_e10:
        return stop.price_e10
    share = stop.move_e10
    if stop.roi_e10:
        share = abs(stop.roi_e10) * ONE_E10 // leverage_e10
        share = share if stop.roi_e10 > 0 else -share
        share = share if side.is_long else -share
    distance = entry_e10 * abs(share) // ONE_E10
    price = entry_e10 + distance if share > 0 else entry_e10 - distance
    if not 0 < price <= I64_MAX:
        raise InputError("E-ARG", field=kind, value=_say(stop), limit="a price above 0")
    return price


def _read(word: str, catalogue: Catalogue) -> tuple[str, Any]:
    lower = word.lower() if word.isascii() else word
    if lower.startswith(_LATER):
        raise InputError(
            "E-ARG", field="command", value=word, limit="to wait: this part is not available yet"
        )
    if "=" in lower:
        return _assignment(lower, word)
    if lower == "all":
        return "is_all", True
    if lower.startswith("#"):
        return "position_id", _id(lower[1:], word)
    if _NUMBER_LIKE.match(lower) or not word.isascii():
        return _number(lower, word)
    if not _SYMBOL.fullmatch(word):
        raise InputError("E-ARG", field="word", value=word, limit=_LIKE)
    return "market", catalogue.resolve(word)


def _assignment(lower: str, word: str) -> tuple[str, Any]:
    key, _, value = lower.partition("=")
    match key:
        case "tp":
            return "take_profit", _stop(value, field="tp")
        case "sl":
            return "stop_loss", _stop(value, field="sl")
        case "slip":
            return "slippage_e10", _percent(value, field="slip")
    raise InputError("E-ARG", field="word", value=word, limit="tp=, sl= or slip=")


def _number(lower: str, word: str) -> tuple[str, Any]:
    if lower.endswith("%"):
        return "portion_e10", _portion(lower)
    if lower.endswith("x"):
        return "leverage_e10", _leverage(lower, word)
    bare = lower.removesuffix("usd")
    if _WRONG_UNIT.fullmatch(bare):
        limit = "a plain number such as 100, 25x or 50%"
        raise InputError("E-ARG", field="amount", value=word, limit=limit)
    return "collateral_e6", parse_usd_e6(bare, field="amount")


def _stop(value: str, *, field: str) -> Stop:
    if value.startswith("roi:"):
        share = value.removeprefix("roi:")
        # Nobody sets a stop loss at a gain by leaving a sign out.
        if field == "sl" and not share.startswith(("+", "-")):
            share = "-" + share
        return Stop(roi_e10=_signed_percent(share, field=field))
    if value.endswith("%"):
        if not value.startswith(("+", "-")):
            raise InputError("E-ARG", field=field, value=value, limit="a sign: +5% or -2%")
        return Stop(move_e10=_signed_percent(value, field=field))
    return Stop(price_e10=parse_price_e10(value, field=field))


def _signed_percent(value: str, *, field: str) -> int:
    sign = -1 if value.startswith("-") else 1
    bare = value[1:] if value.startswith(("+", "-")) else value
    if not bare.endswith("%"):
        raise InputError("E-ARG", field=field, value=value, limit="a percent such as 50%")
    return sign * _percent(bare, field=field)


def _percent(value: str, *, field: str) -> int:
    if not value.endswith("%"):
        raise InputError("E-ARG", field=field, value=value, limit="a percent such as 0.5%")
    return parse_percent_e10(value, field=field)


def _portion(value: str) -> int:
    portion_e10 = parse_percent_e10(value, field="portion")
    if portion_e10 > ONE_E10:
        raise InputError(
            "E-ARG", field="portion", value=value, limit="at most 100%, as in /close #12 50%"
        )
    return portion_e10


def _leverage(lower: str, word: str) -> int:
    try:
        return parse_ratio_e10(lower.removesuffix("x"), field="leverage")
    except InputError:
        raise InputError(
            "E-ARG", field="leverage", value=word, limit="a number and x, such as 25x"
        ) from None


def _id(digits: str, word: str) -> int:
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or int(digits) == 0:
        raise InputError("E-ARG", field="position", value=word, limit="a number, as in /close #12")
    return int(digits)


def _label(name: str) -> str:
    return name.removesuffix("_e10").removesuffix("_e6").replace("_", " ").removeprefix("is ")


def _say(stop: Stop) -> str:
    return format_percent(stop.move_e10 or stop.roi_e10, signed=True)
