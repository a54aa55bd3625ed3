"""Nonsense at every door of a running instance: each is named, and nothing else changes."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.instance import Instance, open_signal

BAD_BODIES: dict[str, str] = {
    "broken json": '{"action": "open"',
    "not an object": "[1, 2]",
    "unknown field": json.dumps(open_signal(colateral="100")),
    "number for money": json.dumps(open_signal(collateral=100)),
    "too many decimals": json.dumps(open_signal(collateral="100.0000001")),
    "NaN": json.dumps(open_signal(collateral="NaN")),
    "bare NaN": json.dumps(open_signal()).replace('"100"', "NaN"),
    "1e309": json.dumps(open_signal(leverage="1e309")),
    "bare 1e309": json.dumps(open_signal()).replace('"100"', "1e309"),
    "negative": json.dumps(open_signal(collateral="-100")),
    "minus zero": json.dumps(open_signal(collateral="-0")),
    "hex": json.dumps(open_signal(collateral="0x10")),
    "wide digits": json.dumps(open_signal(collateral="１００"), ensure_ascii=False),
    "200 digits": json.dumps(open_signal(collateral="9" * 200)),
    "unknown market": json.dumps(open_signal(market="BCT")),
    "homoglyph market": json.dumps(open_signal(market="ВТС"), ensure_ascii=False),
    "duplicate key": json.dumps(open_signal())[:-1] + ', "side": "short"}',
    "deep nesting": '{"note":' + "[" * 5_000 + "]" * 5_000 + "}",
    "nul": json.dumps(open_signal(note="a\x00b")),
    "empty": "",
}


PLAIN_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)


async def rows(demo: Instance) -> tuple[int, int]:
    orders, positions = await asyncio.gather(
        asyncio.to_thread(demo.cli_json, "orders"),
        asyncio.to_thread(demo.cli_json, "positions"),
    )
    return len(orders["orders"]), len(positions["positions"])


@pytest.mark.parametrize("name", sorted(BAD_BODIES))
async def test_a_bad_signal_is_named_and_leaves_nothing(demo: Instance, name: str) -> None:
    signal_id = f"sig_bad_{sorted(BAD_BODIES).index(name):04}"
    async with aiohttp.ClientSession() as http:
        status, answer = await demo.send(http, signal_id, BAD_BODIES[name])
        assert status in (400, 413, 422), answer
        assert answer["error"]["code"].startswith("E-")
        assert answer["error"]["text"]
        async with http.get(
            f"{demo.ready['signals_url']}/{signal_id}",
            headers=demo.signed(f"get_{signal_id}", ""),
        ) as response:
            assert response.status == 404


async def test_an_oversize_body_is_refused_unread(demo: Instance) -> None:
    async with aiohttp.ClientSession() as http:
        status, answer = await demo.send(http, "sig_large_0001", "x" * 20_000)
    assert status == 413
    assert answer["error"]["limit"] == "16384 bytes"


async def test_naughty_strings_in_every_text_field(demo: Instance, data_dir: Path) -> None:
    strings: list[str] = json.loads((data_dir / "text" / "blns.json").read_text())
    naughty = [t for t in strings if not PLAIN_NUMBER.fullmatch(t)]  # "1.00" is a fine amount
    before = await rows(demo)
    connector = aiohttp.TCPConnector(limit=20)
    fields = ("action", "market", "side", "leverage", "collateral")
    async with aiohttp.ClientSession(connector=connector) as http:

        async def offer(number: int, text: str) -> tuple[int, dict[str, Any]]:
            field = fields[number % len(fields)]
            return await demo.send(http, f"sig_naughty_{number:05}", open_signal(**{field: text}))

        answers = await asyncio.gather(*(offer(n, t) for n, t in enumerate(naughty)))
        health = await http.get(demo.ready["health_url"])
        assert health.status == 200
    assert {status for status, _ in answers} <= {400, 422, 429}
    assert await rows(demo) == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["trade", "open", "BCT", "long", "--collateral", "100", "--leverage", "5"], {2, 3}),
        (["trade", "open", "BTC", "long", "--collateral", "NaN", "--leverage", "5"], {2}),
        (["trade", "open", "BTC", "long", "--collateral", "1e309", "--leverage", "5"], {2}),
        (["trade", "open", "BTC", "long", "--collateral", "100", "--leverage", "25c"], {2}),
        (["trade", "open", "BTC", "up", "--collateral", "100", "--leverage", "5"], {2}),
        (["trade", "open", "BTC", "long", "--collateral", "20", "--leverage", "2"], {5}),
        (["trade", "open", "BTC", "long", "--collateral", "100", "--leverage", "99"], {5}),
        (["trade", "close", "999999"], {3}),
        (["why", "999999"], {3}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_shell_names_what_is_wrong(
    demo: Instance, arguments: list[str], code: set[int]
) -> None:
    done = demo.cli(*arguments)
    assert done.returncode in code, (done.returncode, done.stdout, done.stderr)
    assert "E-" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_refusal_carries_its_verdict(demo: Instance) -> None:
    told = demo.cli_json("trade", "open", "BTC", "long", "--collateral", "2000", "--leverage", "10")
    reasons = {r["code"]: r for r in told["order"]["verdict"]["reasons"]}
    assert reasons["E-RISK-POS"]["value"] == "20000"
    assert reasons["E-RISK-POS"]["limit"] == "10000"
    nearest = told["order"]["verdict"]["nearest_collateral"]
    assert nearest is None or 0 < float(nearest) < 2000
