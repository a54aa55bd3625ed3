"""Commands that trade."""

import re
import secrets
from typing import Any, Final

from vanta.cli import figures as f
from vanta.cli.context import Context, row_id
from vanta.cli.exits import CliError, Exit
from vanta.cli.looking import ask, position_table, verdict_lines
from vanta.domain.errors import InputError
from vanta.domain.units import (
    ONE_E10,
    parse_percent_e10,
    parse_price_e10,
    parse_ratio_e10,
    parse_usd_e6,
)

_KEY: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_MARKET: Final = re.compile(r"[A-Za-z0-9_/.-]{1,32}", re.ASCII)


def open_trade(context: Context) -> int:
    """Open a position, or with --dry-run print what opening it would mean."""
    args = context.args
    if not _MARKET.fullmatch(args.market):
        raise InputError("E-SYM", field="market", value=args.market, limit="a name such as BTC")
    side = args.side.lower()
    if side not in ("long", "short"):
        raise InputError("E-ARG", field="side", value=args.side, limit="long or short")
    leverage = args.leverage.removesuffix("x")
    parse_usd_e6(args.collateral, field="--collateral")
    parse_ratio_e10(leverage, field="--leverage")
    body = {
        "market": args.market,
        "side": side,
        "collateral": args.collateral,
        "leverage": leverage,
    }
    for name, text in (("tp", args.tp), ("sl", args.sl)):
        if text is not None:
            parse_price_e10(text, field=f"--{name}")
            body[name] = text
    if args.slippage is not None:
        parse_percent_e10(args.slippage, field="--slippage")
        body["slippage"] = args.slippage
    key = _key(args.idempotency_key)
    if args.dry_run:
        return _plan(context, context.client().post("/api/v1/preview", body)["preview"])
    return _send(context, "/api/v1/trades", body, key)


def close_trade(context: Context) -> int:
    """Close a position or a share of it."""
    args = context.args
    position_id = row_id(args.id, field="ID")
    body = {}
    if args.portion is not None:
        if parse_percent_e10(args.portion, field="--portion") > ONE_E10:
            raise InputError("E-ARG", field="--portion", value=args.portion, limit="at most 100%")
        body["portion"] = args.portion
    if args.slippage is not None:
        parse_percent_e10(args.slippage, field="--slippage")
        body["slippage"] = args.slippage
    key = _key(args.idempotency_key)
    return _send(context, f"/api/v1/positions/{position_id}/close", body, key)


def _send(context: Context, path: str, body: dict[str, str], key: str) -> int:
    try:
        answer = context.client().post(path, body, key=key)
    except CliError as error:
        if lines := _refusal(error.document):
            error.text = "\n".join(lines)
            if error.exit_code is Exit.NOT_FOUND:  # a market that is there, and not allowed
                error.exit_code = Exit.REFUSED
        raise
    return _told(context, answer)


def _key(given: str | None) -> str:
    if given is None:
        return secrets.token_hex(16)
    if not _KEY.fullmatch(given):
        raise InputError(
            "E-ARG",
            field="--idempotency-key",
            value=given,
            limit="1 to 64 letters, digits and _ . : -",
        )
    return given


def _told(context: Context, answer: dict[str, Any]) -> int:
    out = context.output
    if out.as_json:
        out.document(answer)
        return Exit.OK
    order, position = answer["order"], answer.get("position")
    again = ", already sent earlier" if order["duplicate"] else ""
    out.say(
        f"[{order['mode']}] Order #{order['id']} {order['state']}: {ask(order['intent'])}{again}"
    )
    if position is None:
        return Exit.OK
    if position["open"]:
        position_table(out, [position])
    else:
        out.line(
            f"Position #{position['id']} {position['market']} closed, realised "
            f"{f.usd(position['realised'], signed=True)} USDC"
        )
    return Exit.OK


def _plan(context: Context, plan: dict[str, Any]) -> int:
    out = context.output
    passes = plan["verdict"]["ok"]
    exit_code = Exit.OK if passes else Exit.REFUSED
    if out.as_json:
        out.document({"preview": plan, "exit_code": int(exit_code)})
        return exit_code
    out.line(f"Plan: {ask(plan['intent'])}. Nothing was sent.")
    out.line(f"entry      {f.price(plan['entry'])}  ({plan['quality']})")
    out.line(f"size       {f.usd(plan['notional'])}")
    out.line(f"needs      {f.usd(plan['required'])} USDC")
    out.line(
        f"costs      open {f.usd(plan['open_fee'])}, close ~{f.usd(plan['close_fee'])},"
        f" spread {f.usd(plan['spread_cost'])}"
    )
    out.line(f"liq        {f.price(plan['liquidation'])}  safe line {f.price(plan['safe_line'])}")
    out.line(f"worst case -{f.usd(plan['worst_loss'])} of {f.usd(plan['equity'])} equity")
    verdict_lines(out, plan["verdict"])
    return exit_code


def _refusal(document: dict[str, Any] | None) -> list[str]:
    """Say a refused order as a why-card; empty when the document holds none."""
    order = (document or {}).get("order")
    if not isinstance(order, dict) or order["state"] != "REFUSED":
        return []
    return [
        f"Not sent: {ask(order['intent'])}  (order #{order['id']})",
        *order["verdict"]["card"],
    ]
