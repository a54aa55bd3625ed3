"""The command line against the real web room on a real store."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.web_desk import TOKEN, WebBench, web_bench
from vanta.cli import main
from vanta.domain.units import E10
from vanta.store.pool import Pool


class Shell:
    """Runs commands in a thread, as the server runs in this loop."""

    def __init__(self, bench: WebBench, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.bench = bench
        self.home = home
        self._capsys = capsys
        known = {
            "http_url": f"http://127.0.0.1:{bench.client.server.port}",
            "chat_url": "http://127.0.0.1:8081/",
            "token": TOKEN,
            "pid": os.getpid(),
            "provider_id": 7,
        }
        (home / "instance.json").write_text(json.dumps(known))

    async def run(self, *argv: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, list(argv), {"VANTA_HOME": str(self.home)})
        told = self._capsys.readouterr()
        return code, told.out, told.err

    async def json(self, *argv: str) -> tuple[int, Any]:
        code, out, err = await self.run(*argv, "--json")
        assert err == ""
        return code, json.loads(out)


@pytest.fixture
async def shell(
    pool: Pool, clock: ManualClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Shell]:
    async with web_bench(pool, clock) as bench:
        yield Shell(bench, tmp_path, capsys)


OPEN = ("trade", "open", "BTC", "long", "--collateral", "100", "--leverage", "25x")


async def test_a_trade_from_open_to_close(shell: Shell) -> None:
    code, out, err = await shell.run(*OPEN, "--sl", "60500")
    assert code == 0
    assert "FILLED: open BTC/USD LONG 100.00 USDC 25x sl 60,500.0" in err
    assert "Vanta stop" in out
    code, out, _ = await shell.run("positions")
    assert code == 0
    [header, row] = out.splitlines()
    assert header.split()[:4] == ["ID", "MARKET", "SIDE", "LEV"]
    assert row.split()[1:8] == ["BTC/USD", "LONG", "25x", "100.00", "2,500.00", "61,240.0",
                                "61,240.0"]  # fmt: skip
    position = row.split()[0]
    code, out, _ = await shell.run("trade", "close", position, "--portion", "50%")
    assert code == 0
    assert shell.bench.desk.submitted[-1].portion_e10 == E10 // 2
    code, out, _ = await shell.run("trade", "close", position)
    assert (code, "closed, realised +12.34 USDC" in out) == (0, True)
    code, out, err = await shell.run("positions")
    assert (code, out, "No open position" in err) == (0, "", True)


async def test_refusal_carries_its_verdict(shell: Shell) -> None:
    shell.bench.desk.outcome = "refuse"
    code, answer = await shell.json(*OPEN)
    assert code == 5
    assert answer["exit_code"] == 5
    verdict = answer["order"]["verdict"]
    assert verdict["nearest_collateral"] == "95"
    assert [(r["code"], r["value"], r["limit"]) for r in verdict["reasons"]] == [
        ("E-RISK-POS", "12000", "10000"),
        ("E-RATE", "6", "5"),
    ]
    code, out, err = await shell.run(*OPEN)
    assert (code, out) == (5, "")
    assert err.startswith("Not sent: open BTC/USD LONG 100.00 USDC 25x")
    assert err.rstrip().endswith("Nearest size that passes: 95 USDC [E-RISK-POS]")


@pytest.mark.parametrize(("outcome", "code"), [("pend", 7), ("reject", 8)])
async def test_other_ends(shell: Shell, outcome: str, code: int) -> None:
    shell.bench.desk.outcome = outcome
    assert (await shell.run(*OPEN))[0] == code


async def test_the_same_key_is_one_order(shell: Shell) -> None:
    first = await shell.json(*OPEN, "--idempotency-key", "once")
    again = await shell.json(*OPEN, "--idempotency-key", "once")
    assert first[0] == again[0] == 0
    assert first[1]["order"]["id"] == again[1]["order"]["id"]
    assert again[1]["order"]["duplicate"] is True
    assert await shell.bench.order_count() == 1


async def test_dry_run_sends_nothing(shell: Shell) -> None:
    code, out, _ = await shell.run(*OPEN, "--dry-run")
    assert code == 0
    assert "Nothing was sent." in out
    assert await shell.bench.order_count() == 0
    assert len(shell.bench.desk.previewed) == 1


async def test_acting_for_another_user(shell: Shell) -> None:
    other = str(shell.bench.other.id)
    await shell.run(*OPEN, "--user", other)
    assert (await shell.json("positions"))[1]["positions"] == []
    assert len((await shell.json("positions", "--user", other))[1]["positions"]) == 1
    assert (await shell.run("positions", "--user", "999999"))[0] == 3


async def test_every_look_is_a_table_and_a_document(shell: Shell) -> None:
    await shell.run(*OPEN)
    await shell.bench.day(5_000_000)
    _, orders = await shell.json("orders")
    for argv in (
        ("status",), ("markets",), ("price",), ("price", "BTC", "eth-usd"), ("orders",),
        ("why", f"#{orders['orders'][0]['id']}"), ("pnl",), ("risk",),
    ):  # fmt: skip
        code, out, err = await shell.run(*argv)
        assert (code, err) == (0, ""), argv
        assert len(out.splitlines()) >= 2, argv
        assert (await shell.json(*argv))[0] == 0


async def test_not_found(shell: Shell) -> None:
    assert (await shell.run("why", "999999"))[0] == 3
    assert (await shell.run("trade", "close", "999999"))[0] == 3
    code, _, err = await shell.run("price", "BCT")
    assert code == 3
    assert 'No market "BCT"' in err
    assert err.rstrip().endswith("[E-SYM]")
    assert (await shell.run("signal", "show", "sig_99999999"))[0] == 3
    assert (await shell.run("trade", "open", "BCT", *OPEN[3:]))[0] == 3


async def test_signal_show(shell: Shell) -> None:
    shell.bench.described = {"signal_id": "sig_00000001", "orders": [{"id": 1, "state": "FILLED"}]}
    code, out, _ = await shell.run("signal", "show", "sig_00000001")
    assert code == 0
    assert "FILLED" in out


async def test_naughty_symbols_all_the_way(shell: Shell, data_dir: Path) -> None:
    strings = json.loads((data_dir / "text" / "blns.json").read_text("utf-8"))
    for text in [*strings, "\udcff", "..", "/", "%2e%2e"]:
        code, out, err = await shell.run("price", "--", text)
        assert code == 3, (text, out, err)
        assert "[E-SYM]" in err
