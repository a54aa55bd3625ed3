"""Every exit code that can occur, and what is said with it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.http_stub import Stub, http_stub
from vanta.cli import main

TOKEN = "0123456789abcdef0123456789abcdef"  # a test's own  # pragma: allowlist secret

INTENT = {
    "source": "cli",
    "key": "k1",
    "action": "open",
    "market": "ETH/USD",
    "side": "short",
    "collateral": "400",
    "leverage": "40",
    "take_profit": None,
    "stop_loss": None,
    "position_id": None,
    "portion": "1",
    "max_slippage": "0.01",
    "signal": None,
    "trace_id": "00" * 8,
}
REASON = {
    "code": "E-VOL",
    "rule": "VOLUME_HOUR",
    "text": "Hourly volume: 16,000 would make 22,200 of 10,000.",
    "value": "22200",
    "limit": "10000",
    "unit": "usd",
    "resets_at": "2026-11-20T14:00:00.000000Z",
}


CARD = [
    "1. Hourly volume: 16,000 would make 22,200 of 10,000. E-VOL",
    "   VOLUME_HOUR 22200 of 10000 usd, resets 2026-11-20T14:00:00.000000Z",
    "Nearest size that passes: 95 USDC",
]


def order(state: str, *, reasons: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "id": 481,
        "user_id": 1,
        "state": state,
        "mode": "DRY",
        "duplicate": False,
        "position_id": None,
        "quote": "3000",
        "quote_as_of": None,
        "quote_quality": "GOOD",
        "created_at": "2026-11-20T13:37:00.000000Z",
        "updated_at": None,
        "intent": INTENT,
        "verdict": {
            "ok": not reasons,
            "reasons": reasons or [],
            "nearest_collateral": "95" if reasons else None,
            "card": CARD if reasons else [],
        },
    }


class Home:
    """A home whose instance.json points to a stub."""

    def __init__(self, path: Path, stub: Stub) -> None:
        self.path = path
        self.stub = stub
        self.environ = {"VANTA_HOME": str(path), "HOME": str(path)}
        self.write(pid=os.getpid())

    def write(self, **changes: Any) -> None:
        known = {
            "http_url": self.stub.url,
            "chat_url": "",
            "token": TOKEN,
            "pid": os.getpid(),
            "provider_key_id": "demo-key",
            "provider_secret": "whsec_" + "QUJD" * 11,  # pragma: allowlist secret
            "provider_id": 7,
            "trader_id": 1,
        }
        (self.path / "instance.json").write_text(json.dumps(known | changes))

    def run(self, *argv: str) -> int:
        return main(list(argv), self.environ)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with http_stub(Stub()) as stub:
        yield Home(tmp_path, stub)


OPEN = ("trade", "open", "ETH", "short", "--collateral", "400", "--leverage", "40")


def test_refusal_exits_5_and_tells_reason_reset_and_nearest_yes(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.status = 409
    home.stub.body = {
        "error": {"code": "E-VOL", "text": REASON["text"]},
        "order": order("REFUSED", reasons=[REASON]),
    }
    assert home.run(*OPEN) == 5
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "Not sent: open ETH/USD SHORT 400.00 USDC 40x  (order #481)",
        *CARD[:2],
        f"{CARD[2]} [E-VOL]",
    ]


def test_a_market_that_is_not_allowed_is_a_refusal_not_a_missing_one(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = REASON | {"code": "E-SYM", "rule": "MARKET_ALLOWED"}
    home.stub.status = 409
    home.stub.body = {
        "error": {"code": "E-SYM", "text": reason["text"]},
        "order": order("REFUSED", reasons=[reason]),
    }
    assert home.run(*OPEN) == 5
    assert "Not sent" in capsys.readouterr().err


def test_refusal_as_json_carries_the_verdict(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.status = 409
    home.stub.body = {
        "error": {"code": "E-VOL", "text": REASON["text"]},
        "order": order("REFUSED", reasons=[REASON]),
    }
    assert home.run("--json", *OPEN) == 5
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert told.err == ""
    assert document["exit_code"] == 5
    assert document["error"]["code"] == "E-VOL"
    verdict = document["order"]["verdict"]
    assert verdict["nearest_collateral"] == "95"
    assert {k: verdict["reasons"][0][k] for k in ("code", "value", "limit", "resets_at")} == {
        "code": "E-VOL",
        "value": "22200",
        "limit": "10000",
        "resets_at": "2026-11-20T14:00:00.000000Z",
    }


@pytest.mark.parametrize(
    ("status", "body", "exit_code"),
    [
        (202, {"error": {"code": "E-UNKNOWN", "text": "not yet"}, "order": order("SENT")}, 7),
        (409, {"error": {"code": "E-VENUE", "text": "no"}, "order": order("REJECTED")}, 8),
        (409, {"error": {"code": "E-EXPIRED", "text": "late"}, "order": order("EXPIRED")}, 5),
        (409, {"error": {"code": "E-DUP", "text": "used"}}, 5),
        (403, {"error": {"code": "E-ROLE", "text": "no"}}, 5),
        (404, {"error": {"code": "E-ARG", "text": "no position"}}, 3),
        (422, {"error": {"code": "E-SYM", "text": "no market"}}, 3),
        (422, {"error": {"code": "E-ARG", "text": "bad"}}, 2),
        (400, {"error": {"code": "E-ARG", "text": "bad"}}, 2),
        (401, {"error": {"code": "E-ROLE", "text": "no"}}, 4),
        (500, {"error": {"code": "E-INTERNAL", "text": "ours"}}, 7),
        (503, {"error": {"code": "E-STORE", "text": "away"}}, 7),
        (500, b"<html>", 7),
        (200, [], 7),
    ],
    ids=lambda value: str(value)[:24],
)
def test_answer_of_a_write_becomes_exit_code(
    home: Home, status: int, body: Any, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.status, home.stub.body = status, body
    assert home.run(*OPEN) == exit_code
    assert home.run("--json", *OPEN) == exit_code
    assert json.loads(capsys.readouterr().out)["exit_code"] == exit_code


@pytest.mark.parametrize(("status", "exit_code"), [(500, 1), (503, 1), (404, 3), (401, 4)])
def test_answer_of_a_read_becomes_exit_code(home: Home, status: int, exit_code: int) -> None:
    home.stub.status, home.stub.body = status, {"error": {"code": "E-X", "text": "x"}}
    assert home.run("positions") == exit_code


def test_lost_answer_of_a_write_is_unknown_and_names_the_key(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.cut = True
    assert home.run(*OPEN, "--idempotency-key", "mine-1") == 7
    assert home.stub.seen[0].headers["idempotency-key"] == "mine-1"
    told = capsys.readouterr().err
    assert "--idempotency-key mine-1" in told
    assert told.splitlines()[0].endswith("[E-UNKNOWN]")


def test_lost_answer_of_a_read_is_a_failure(home: Home) -> None:
    home.stub.cut = True
    assert home.run("positions") == 1


def test_answer_of_another_version_is_no_trace(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.body = {"user_id": 1, "positions": [{"id": 1}]}
    assert home.run("positions") == 1
    told = capsys.readouterr().err
    assert told.splitlines()[0].endswith("[E-INTERNAL]")
    assert "Traceback" not in told


def test_each_write_without_a_key_gets_its_own(home: Home) -> None:
    home.stub.status, home.stub.body = 422, {"error": {"code": "E-ARG", "text": "bad"}}
    home.run(*OPEN)
    home.run(*OPEN)
    keys = [seen.headers["idempotency-key"] for seen in home.stub.seen]
    assert len(set(keys)) == 2
    assert all(len(key) == 32 for key in keys)


def test_token_and_user_are_sent_and_never_shown(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.status, home.stub.body = 401, {"error": {"code": "E-ROLE", "text": "no"}}
    assert home.run("positions", "--user", "#2") == 4
    assert home.stub.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert home.stub.seen[0].headers["x-vanta-user"] == "2"
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err


class TestNotRunning:
    def test_no_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["status"], {"VANTA_HOME": str(tmp_path)}) == 6
        assert "make run" in capsys.readouterr().err

    def test_dead_process(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        home.write(pid=gone.pid)
        assert home.run("status") == 6
        assert home.stub.seen == []
        told = capsys.readouterr().err
        assert str(gone.pid) in told
        assert "make run" in told

    def test_live_process_that_does_not_listen(self, home: Home) -> None:
        home.write(http_url="http://127.0.0.1:1")
        assert home.run("status") == 6

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "{}", "nonsense", '{"http_url": 1}', "\ufeff{}", '{"http_url":"file:///etc"}'],
    )
    def test_file_that_cannot_be_understood(self, home: Home, text: str) -> None:
        (home.path / "instance.json").write_text(text)
        assert home.run("positions") == 6

    @pytest.mark.parametrize("pid", [0, -1, 2**70])
    def test_impossible_process(self, home: Home, pid: int) -> None:
        home.write(pid=pid)
        assert home.run("positions") == 6

    def test_home_flag_wins_over_the_environment(self, home: Home, tmp_path: Path) -> None:
        home.stub.body = {"user_id": 1, "positions": []}
        other = {"VANTA_HOME": str(tmp_path / "empty")}
        assert main(["positions"], other) == 6
        assert main(["--home", str(home.path), "positions"], other) == 0
        assert main(["positions", "--home", str(home.path)], other) == 0


class TestConfig:
    def test_wrong_setting_exits_4_and_names_it(
        self, home: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        home.environ["VANTA_PORT"] = "eighty"
        assert home.run("status") == 4
        assert "VANTA_PORT" in capsys.readouterr().err

    def test_all_wrong_settings_are_told_at_once(
        self, home: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        home.environ |= {"VANTA_PORT": "eighty", "LOG_LEVEL": "loud"}
        assert home.run("status") == 4
        told = capsys.readouterr().err
        assert "VANTA_PORT" in told
        assert "LOG_LEVEL" in told


class TestUsage:
    @pytest.mark.parametrize(
        "argv",
        [
            (),
            ("nonsense",),
            ("trade",),
            ("trade", "open"),
            ("trade", "open", "BTC", "long"),
            ("trade", "open", "BTC", "up", "--collateral", "1", "--leverage", "2"),
            ("trade", "close"),
            ("positions", "extra"),
            ("positions", "--unknown"),
            ("why", "abc"),
            ("why", "-1"),
            ("orders", "--limit", "1e3"),
            ("pnl", "--days", "9999"),
            ("positions", "--user", "me"),
            ("positions", "--home", ""),
            ("demo", "--seed", "x"),
            ("demo", "--port", "65536"),
            ("demo", "--speed", "0"),
            ("demo", "--speed", "-1"),
            ("signal", "send", "--id", "short"),
            ("replay", __file__, "--expect", "zz"),
        ],
        ids=" ".join,
    )
    def test_exits_2_with_the_code_last(
        self, argv: tuple[str, ...], home: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert home.run(*argv) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert "[E-ARG]" in told.err
        assert "Traceback" not in told.err
        assert home.stub.seen == []

    @pytest.mark.parametrize("field", ["collateral", "leverage", "tp", "sl", "slippage"])
    @pytest.mark.parametrize(
        "value",
        [
            "NaN",
            "1e309",
            "-5",
            "0",
            "1,000",
            "+1",
            "٣",
            "0x10",
            "1_0",
            " 1",
            "",
            "inf",
            "1.1234567890123",
        ],
    )
    def test_wrong_money_names_field_value_and_limit(
        self, field: str, value: str, home: Home, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = {"collateral": "100", "leverage": "10", field: value}
        argv = [f"--{name}={text}" for name, text in given.items()]
        assert home.run("trade", "open", "BTC", "long", *argv, "--json") == 2
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["field"] == f"--{field}"
        assert error["value"] == value
        assert error["limit"]
        assert home.stub.seen == []

    def test_portion_over_100_percent(self, home: Home) -> None:
        assert home.run("trade", "close", "1", "--portion", "100.1%") == 2
        assert home.stub.seen == []

    def test_help_is_data_and_exits_0(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--help"], {}) == 0
        assert "demo" in capsys.readouterr().out


def test_missing_file_exits_3(home: Home) -> None:
    assert home.run("replay", str(home.path / "none.csv")) == 3
    assert home.run("demo", "--replay", str(home.path)) == 3


def test_version_does_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from vanta.cli import main; assert main(['version'], {}) == 0;"
        "heavy = {'aiogram', 'aiohttp', 'asyncpg', 'redis', 'alembic', 'sqlalchemy', 'asyncio'};"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("vanta ")
    assert done.stderr.strip() == "[]"


def test_interrupt_exits_130(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("http.client.HTTPConnection.connect", interrupted)
    assert home.run("positions") == 130


def test_reader_that_leaves_is_no_failure(home: Home) -> None:
    home.stub.body = {"user_id": 1, "orders": [order("FILLED")] * 2000}
    script = f"{sys.executable} -m vanta.cli --home {home.path} --json orders | head -n 1"
    argv = ["bash", "-o", "pipefail", "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")
