"""What people read: tables, figures, colours."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.http_stub import Stub, http_stub
from tests.unit.test_cli_exits import Home, order
from vanta.cli import figures
from vanta.cli.exits import CliError, Exit
from vanta.cli.output import Output


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with http_stub(Stub()) as stub:
        yield Home(tmp_path, stub)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
    ids=str,
)
def test_colours_only_where_wanted(environ: dict[str, str], coloured: bool) -> None:
    out, err = Terminal(), Terminal()
    output = Output(out, err, environ, as_json=False)
    output.table(("A",), [("1",)])
    output.fail(CliError(Exit.FAILURE, "E-X", "text"))
    assert ("\x1b" in out.getvalue()) is coloured
    assert ("\x1b" in err.getvalue()) is coloured


def test_no_colours_in_a_pipe() -> None:
    out = io.StringIO()
    Output(out, out, {}, as_json=False).table(("A", "B"), [("x", "1.00"), ("long", "12.50")])
    assert out.getvalue() == "A         B\nx      1.00\nlong  12.50\n"


def test_foreign_text_cannot_move_the_cursor() -> None:
    out = io.StringIO()
    Output(out, out, {}, as_json=False).table(("A",), [("\x1b[2Jx\u202e",)])
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("5000", "5,000.00"), ("-0.001", "0.00"), ("-66.96", "-66.96"), ("0.009999", "0.00")],
)
def test_usd(text: str, shown: str) -> None:
    assert figures.usd(text) == shown


def test_other_figures() -> None:
    assert figures.usd("12.5", signed=True) == "+12.50"
    assert figures.usd(None) == "-"
    assert figures.price("61240.5") == "61,240.5"
    assert figures.leverage("25") == "25x"
    assert figures.percent("-0.0339") == "-3.39 %"
    assert figures.number("3", "count") == "3"
    assert figures.number("1.5", "seconds") == "1.5 s"
    assert figures.clock("2026-11-20T14:02:11.482123Z") == "14:02:11.482"


def test_positions_table_and_advice_when_empty(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.body = {"user_id": 1, "positions": []}
    assert home.run("positions") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "vanta trade open" in told.err


def test_why_tells_the_life_of_an_order(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.stub.body = {
        "order": order("FILLED"),
        "events": [
            {"state": "CREATED", "at": "2026-11-20T13:37:00.001000Z", "reason": None},
            {"state": "FILLED", "at": "2026-11-20T13:37:00.009000Z", "reason": None},
        ],
        "fills": [
            {
                "kind": "open", "price": "3000.3", "mark": "3000", "notional": "16000",
                "fee": "9.6", "pnl": "0", "at": "2026-11-20T13:37:00.009000Z",
            }
        ],
    }  # fmt: skip
    assert home.run("why", "#481") == 0
    assert home.stub.seen[0].target == "/api/v1/orders/481"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Order #481 FILLED   [DRY]"
    assert "asked     open ETH/USD SHORT 400.00 USDC 40x" in lines
    assert "decided   admitted" in lines
    assert any(line.startswith("13:37:00.009  fill open at 3,000.30") for line in lines)


def test_json_is_the_servers_document(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.stub.body = {"user_id": 1, "orders": [order("FILLED")]}
    assert home.run("orders", "--json") == 0
    assert json.loads(capsys.readouterr().out) == home.stub.body


def test_dry_run_asks_for_a_preview_and_sends_no_key(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    told = order("FILLED")
    home.stub.body = {
        "preview": {
            "intent": told["intent"], "verdict": told["verdict"], "quote": "3000",
            "quality": "GOOD", "entry": "3000.3", "notional": "16000", "required": "409.6",
            "open_fee": "9.6", "close_fee": "9.6", "spread_cost": "1.6", "liquidation": "3060",
            "safe_line": "3057", "worst_loss": "419.2", "equity": "10000",
        }
    }  # fmt: skip
    argv = ("trade", "open", "ETH", "short", "--collateral", "400", "--leverage", "40", "--dry-run")
    assert home.run(*argv) == 0
    assert home.stub.seen[0].target == "/api/v1/preview"
    assert "idempotency-key" not in home.stub.seen[0].headers
    assert "Nothing was sent." in capsys.readouterr().out
    told["verdict"]["ok"] = False
    assert home.run(*argv) == 5
