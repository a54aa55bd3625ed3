"""Commands that look: status, markets, price, positions, orders, why, pnl, risk."""

from collections.abc import Mapping
from typing import Any

from vanta.cli import figures as f
from vanta.cli.context import Context, row_id
from vanta.cli.exits import Exit
from vanta.cli.output import Output
from vanta.cli.service import whole
from vanta.domain.errors import InputError


def status(context: Context) -> int:
    """Show the running instance: mode, parts, feed, counts."""
    client = context.client()
    found = client.get("/api/v1/status")
    out = context.output
    if out.as_json:
        out.document(found)
        return Exit.OK
    simulated = " (simulated)" if found["simulated"] else ""
    out.line(f"Vanta {found['version']}: {found['status']}, mode {found['mode']}{simulated}")
    if found["stop"] != "none":
        out.line(f"STOPPED: {found['stop']}; see `vanta admin mode`", "bad")
    if found["maintenance"]:
        out.line("In maintenance: opens and signals are sent away", "bad")
    out.line(f"up {found['uptime_s']} s, core: {found['core']['build']} build")
    out.line(f"web {client.instance.http_url}" + _chat(found))
    for name, part in found["parts"].items():
        out.line(f"{'ok  ' if part['ok'] else 'FAIL'} {name}: {part['detail'] or 'fine'}")
    counts = ", ".join(f"{name} {value}" for name, value in found["counts"].items())
    if counts:
        out.line(counts.replace("_", " "))
    out.line()
    _quotes(out, found["markets"])
    return Exit.OK


def _chat(found: Mapping[str, Any]) -> str:
    return f"   chat {found['chat_url']}" if found.get("chat_url") else ""


def markets(context: Context) -> int:
    """List what can be traded."""
    found = context.client().get("/api/v1/markets")
    if context.output.as_json:
        context.output.document(found)
        return Exit.OK
    context.output.table(
        ("MARKET", "LEVERAGE", "MIN SIZE", "OPEN FEE", "CLOSE FEE", "SPREAD", "STATE"),
        [
            (
                m["symbol"],
                f"{f.leverage(m['min_leverage'])}-{f.leverage(m['max_leverage'])}",
                f.usd(m["min_position"]),
                f.rate(m["open_fee"]),
                f.rate(m["close_fee"]),
                f.rate(m["spread"]),
                "open" if m["open"] else "closed",
            )
            for m in found["markets"]
        ],
    )
    return Exit.OK


def price(context: Context) -> int:
    """Show quotes of the named markets, or of all."""
    for text in context.args.symbols:
        if not 1 <= len(text) <= 64:
            raise InputError("E-SYM", field="market", value=text, limit="a name such as BTC")
    query = [("symbol", _sendable(text)) for text in context.args.symbols]
    found = context.client().get("/api/v1/prices", query)
    if context.output.as_json:
        context.output.document(found)
    else:
        _quotes(context.output, found["prices"])
    return Exit.OK


def _sendable(text: str) -> str:
    # An argument that is not UTF-8 arrives as lone surrogates, which no URL can carry.
    return text.encode("utf-8", "replace").decode()


def _quotes(out: Output, quotes: list[dict[str, Any]]) -> None:
    out.table(
        ("MARKET", "PRICE", "QUALITY", "OLDEST", "SOURCES", "OPENS"),
        [
            (
                q["symbol"],
                f.price(q["price"]),
                q["quality"],
                f"{q['age_s']} s" if q["age_s"] is not None else f.NONE,
                str(len(q["sources_used"])),
                "yes" if q["opens"] else "no",
            )
            for q in quotes
        ],
    )


def positions(context: Context) -> int:
    """List open positions."""
    found = context.client().get("/api/v1/positions")
    out = context.output
    if out.as_json:
        out.document(found)
        return Exit.OK
    if not found["positions"]:
        out.say(
            "No open position. Open one: vanta trade open BTC long --collateral 100 --leverage 10"
        )
        return Exit.OK
    position_table(out, found["positions"])
    return Exit.OK


def position_table(out: Output, found: list[dict[str, Any]]) -> None:
    """Write positions as a table."""
    out.table(
        (
            "ID",
            "MARKET",
            "SIDE",
            "LEV",
            "MARGIN",
            "SIZE",
            "ENTRY",
            "MARK",
            "PNL",
            "%",
            "LIQ",
            "SL",
            "TP",
            "PROTECTED BY",
        ),
        [
            (
                f"#{p['id']}",
                p["market"],
                p["side"].upper(),
                f.leverage(p["leverage"]),
                f.usd(p["collateral"]),
                f.usd(p["notional"]),
                f.price(p["entry"]),
                f.price(p["mark"]),
                f.usd(p["pnl"], signed=True),
                f.percent(p["pnl_ratio"], signed=True),
                f.price(p["liquidation"]),
                f.price(p["stop_loss"]),
                f.price(p["take_profit"]),
                f.word(p["protected_by"]),
            )
            for p in found
        ],
        left=3,
    )


def orders(context: Context) -> int:
    """List the newest orders."""
    limit = whole(context.args.limit, field="--limit", high=200)
    found = context.client().get("/api/v1/orders", [("limit", str(limit))])
    out = context.output
    if out.as_json:
        out.document(found)
        return Exit.OK
    if not found["orders"]:
        out.say("No order yet.")
        return Exit.OK
    out.table(
        (
            "ID",
            "AT (UTC)",
            "STATE",
            "ACTION",
            "MARKET",
            "SIDE",
            "COLLATERAL",
            "LEV",
            "SOURCE",
            "WHY",
        ),
        [
            (
                f"#{o['id']}",
                f.moment(o["created_at"]),
                o["state"],
                o["intent"]["action"],
                o["intent"]["market"],
                f.word(o["intent"]["side"]),
                f.usd(o["intent"]["collateral"]),
                f.leverage(o["intent"]["leverage"]),
                o["intent"]["source"],
                " ".join(r["code"] for r in o["verdict"]["reasons"]) or f.NONE,
            )
            for o in found["orders"]
        ],
        left=6,
    )
    return Exit.OK


def why(context: Context) -> int:
    """Tell an order's life: what was asked, what was decided, what happened when."""
    order_id = row_id(context.args.id, field="ID")
    found = context.client().get(f"/api/v1/orders/{order_id}")
    out = context.output
    if out.as_json:
        out.document(found)
        return Exit.OK
    order, intent = found["order"], found["order"]["intent"]
    out.line(f"Order #{order['id']} {order['state']}   [{order['mode']}]")
    out.line(f"asked     {ask(intent)}")
    out.line(f"by        {intent['source']}, key {intent['key']}, trace {intent['trace_id']}")
    if order["quote"] is not None:
        out.line(
            f"quote     {f.price(order['quote'])} {order['quote_quality']}"
            f", its oldest source of {f.clock(order['quote_as_of'])}"
        )
    verdict_lines(out, order["verdict"])
    for event in found["events"]:
        reason = f"  {event['reason']}" if event["reason"] else ""
        out.line(f"{f.clock(event['at'])}  {event['state']}{reason}")
    for fill in found["fills"]:
        out.line(
            f"{f.clock(fill['at'])}  fill {fill['kind']} at {f.price(fill['price'])}"
            f" (mark {f.price(fill['mark'])}), size {f.usd(fill['notional'])},"
            f" fee {f.usd(fill['fee'])}, profit {f.usd(fill['pnl'], signed=True)}"
        )
    if order["position_id"] is not None:
        out.line(f"position  #{order['position_id']}")
    return Exit.OK


def ask(intent: Mapping[str, Any]) -> str:
    """Say an intent in one line."""
    words = [intent["action"], intent["market"]]
    if intent["side"]:
        words.append(intent["side"].upper())
    if intent["collateral"]:
        words.append(f"{f.usd(intent['collateral'])} USDC")
    if intent["leverage"]:
        words.append(f.leverage(intent["leverage"]))
    if intent["stop_loss"]:
        words.append(f"sl {f.price(intent['stop_loss'])}")
    if intent["take_profit"]:
        words.append(f"tp {f.price(intent['take_profit'])}")
    if intent["position_id"]:
        words.append(f"of #{intent['position_id']}, {f.percent(intent['portion'])}")
    return " ".join(words)


def verdict_lines(out: Output, verdict: Mapping[str, Any]) -> None:
    """Write the why-card."""
    if verdict["ok"]:
        out.line("decided   admitted")
    for line in verdict["card"]:
        out.line(line)


def pnl(context: Context) -> int:
    """Show profit and loss."""
    days = whole(context.args.days, field="--days", high=366)
    found = context.client().get("/api/v1/pnl", [("days", str(days))])
    out = context.output
    if out.as_json:
        out.document(found)
        return Exit.OK
    out.line(
        f"equity {f.usd(found['equity'])} USDC, free cash {f.usd(found['cash'])},"
        f" since deposit {f.usd(found['since_deposit'], signed=True)}"
    )
    out.line(
        f"today {f.usd(found['day_pnl'], signed=True)}"
        f" (open positions {f.usd(found['unrealised'], signed=True)})"
    )
    if found["days"]:
        out.table(
            ("DAY (UTC)", "REALISED", "FEES", "FILLS"),
            [
                (
                    d["day"],
                    f.usd(d["realised"], signed=True),
                    f.usd(d["fees"]),
                    str(d["fills"]),
                )
                for d in found["days"]
            ],
        )
    return Exit.OK


def risk(context: Context) -> int:
    """Show the limits."""
    found = context.client().get("/api/v1/risk")
    out = context.output
    if out.as_json:
        out.document(found)
        return Exit.OK
    account = found["account"]
    out.line(
        f"equity {f.usd(account['equity'])} USDC, free {f.usd(account['free'])},"
        f" margin {f.usd(account['margin'])}, reserved {f.usd(account['reserved'])}"
    )
    out.line(
        f"long {f.usd(account['long_notional'])}, short {f.usd(account['short_notional'])},"
        f" today {f.usd(account['day_pnl'], signed=True)}"
    )
    out.table(
        ("LIMIT", "USED", "LEFT", "OF", "MORE FROM"),
        [
            (
                row["key"],
                f.used(row["used"], row["unit"]),
                f.number(row["left"], row["unit"]),
                f.number(row["limit"], row["unit"]),
                f.second(row["resets_at"]),
            )
            for row in found["limits"]
            if row["markets"] is None
        ],
    )
    return Exit.OK
