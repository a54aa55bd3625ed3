"""Request bodies: strict JSON into typed values, each complaint naming field, value and limit."""

import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from vanta.domain.enums import Action, Side, Source
from vanta.domain.errors import InputError
from vanta.domain.intent import DEFAULT_SLIPPAGE_E10, Intent
from vanta.domain.market import Catalogue
from vanta.domain.units import (
    ONE_E10,
    parse_percent_e10,
    parse_price_e10,
    parse_ratio_e10,
    parse_usd_e6,
)
from vanta.web.answers import BODY_CAP, ApiError, too_large

T = TypeVar("T", bound=msgspec.Struct)

_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_PATH: Final = re.compile(r" - at `\$\.?([^`]*)`$")


class OpenTrade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /api/v1/trades and /api/v1/preview: decimal strings in human units."""

    market: str
    side: str
    collateral: str
    leverage: str
    tp: str | None = None
    sl: str | None = None
    slippage: str | None = None


class CloseTrade(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of POST /api/v1/positions/{id}/close."""

    portion: str | None = None
    slippage: str | None = None


async def read(request: web.Request, kind: type[T]) -> T:
    """Read the body as `kind`.

    Raises `ApiError` 413 when too large, 400 when it is not one JSON object, 422 when a field is
    missing, unknown, given twice or of the wrong type.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ApiError(415, "E-ARG", "Send the body as it is, without Content-Encoding.")
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > BODY_CAP:
            raise too_large(None)
    return decode(bytes(raw) or b"{}", kind)


def decode(raw: bytes, kind: type[T]) -> T:
    """Decode one JSON object strictly; numbers, NaN and duplicate names never get through."""
    try:
        found = json.loads(
            raw.decode("utf-8"),
            parse_int=_Bare,
            parse_float=_Bare,
            parse_constant=_Bare,
            object_pairs_hook=_once,
        )
    except InputError:
        raise
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ApiError(400, "E-ARG", f"The body is not JSON: {where}.", field="body") from None
    except (ValueError, RecursionError):
        raise ApiError(400, "E-ARG", "The body is not JSON in UTF-8.", field="body") from None
    if not isinstance(found, Mapping):
        raise ApiError(400, "E-ARG", "The body has to be one JSON object.", field="body")
    for name in found:
        if name not in kind.__struct_fields__:
            raise InputError(
                "E-ARG", field=name, value=name, limit="one of " + ", ".join(kind.__struct_fields__)
            )
    _check_types(found, kind)
    try:
        return msgspec.convert(dict(found), type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise _of_validation(error, kind) from None


def _check_types(found: Mapping[str, Any], kind: type[msgspec.Struct]) -> None:
    """Take strings, and lists of strings where `kind` wants them; of a secret nothing is shown."""
    lists = {f.name for f in msgspec.structs.fields(kind) if f.type == tuple[str, ...]}
    secret: frozenset[str] = getattr(kind, "SECRET", frozenset())
    for name, value in found.items():
        if name in lists:
            if not isinstance(value, list):
                limit = 'a JSON list of strings, such as ["12", "spam"]'
                raise InputError("E-ARG", field=name, value=_shown(value), limit=limit)
            for item in value:
                _check_text(name, item, is_needed=True)
        elif name not in secret:
            _check_text(name, value)
        elif not isinstance(value, str | None) or isinstance(value, _Bare):
            raise InputError("E-ARG", field=name, value="***", limit="a JSON string in quotes")


class _Bare(str):
    """A JSON number as it was written: kept only to be shown back."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InputError("E-ARG", field=name, value=name, limit="each field once")
        found[name] = value
    return found


def _check_text(name: str, value: Any, *, is_needed: bool = False) -> None:
    if isinstance(value, str if is_needed else str | None) and not isinstance(value, _Bare):
        return
    limit = 'a JSON string in quotes, such as "100.25", never a JSON number'
    if not isinstance(value, str):
        limit = "a JSON string in quotes"
    raise InputError("E-ARG", field=name, value=_shown(value), limit=limit)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _of_validation(error: msgspec.ValidationError, kind: type[msgspec.Struct]) -> ApiError:
    text = str(error)
    missing = re.search(r"missing required field `([^`]+)`", text)
    if missing is not None:
        name = missing.group(1)
        return ApiError(
            422,
            "E-ARG",
            f"I need {name}.",
            field=name,
            limit="required: " + ", ".join(_required(kind)),
        )
    path = _PATH.search(text)
    return ApiError(
        422, "E-ARG", "I did not get this.", field=path.group(1) if path else "body", limit=text
    )


def _required(kind: type[msgspec.Struct]) -> list[str]:
    return [f.name for f in msgspec.structs.fields(kind) if f.required]


def open_intent(
    body: OpenTrade, *, user_id: int, source: Source, ref: str, trace_id: str, catalogue: Catalogue
) -> Intent:
    """Turn a body into an intent.

    Raises `InputError` naming field, value and limit.
    """
    market = catalogue.resolve(body.market)
    side = {"long": Side.LONG, "short": Side.SHORT}.get(body.side.lower())
    if side is None:
        raise InputError("E-ARG", field="side", value=body.side, limit="long or short")
    return Intent(
        user_id=user_id,
        source=source,
        ref=ref,
        action=Action.OPEN,
        trace_id=trace_id,
        market_ix=market.ix,
        side=side,
        collateral_e6=parse_usd_e6(body.collateral, field="collateral"),
        leverage_e10=parse_ratio_e10(body.leverage.removesuffix("x"), field="leverage"),
        take_profit_e10=parse_price_e10(body.tp, field="tp") if body.tp is not None else 0,
        stop_loss_e10=parse_price_e10(body.sl, field="sl") if body.sl is not None else 0,
        max_slippage_e10=slippage_of(body.slippage),
    )


def slippage_of(text: str | None) -> int:
    """Parse a slippage bound in percent; the default when not given."""
    return DEFAULT_SLIPPAGE_E10 if text is None else parse_percent_e10(text, field="slippage")


def portion_of(text: str | None) -> int:
    """Parse the share of a position to close, in percent; all of it when not given."""
    if text is None:
        return ONE_E10
    portion = parse_percent_e10(text, field="portion")
    if portion > ONE_E10:
        raise InputError("E-ARG", field="portion", value=text, limit="at most 100%")
    return portion


def ref_of(request: web.Request) -> str:
    """Return the `Idempotency-Key`, or a random key that the answer tells back.

    Raises `InputError`.
    """
    given = request.headers.get("Idempotency-Key")
    if given is None:
        return secrets.token_hex(16)
    if not _KEY.fullmatch(given):
        raise InputError(
            "E-ARG",
            field="Idempotency-Key",
            value=given,
            limit="1 to 64 letters, digits and _ . : -",
        )
    return given


def source_of(request: web.Request) -> Source:
    """Tell our own CLI, which says so, from other programs."""
    return Source.CLI if request.headers.get("X-Vanta-Client") == "cli" else Source.WEB
