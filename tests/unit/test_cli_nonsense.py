"""Naughty strings in every argument: a proper error and exit code, never a trace."""

import json
from pathlib import Path

import pytest

from vanta.cli import main

SLOTS: dict[str, list[str]] = {
    "command": ["{}"],
    "trade kind": ["trade", "{}"],
    "market": ["trade", "open", "{}", "long", "--collateral", "100", "--leverage", "10"],
    "side": ["trade", "open", "BTC", "{}", "--collateral", "100", "--leverage", "10"],
    "collateral": ["trade", "open", "BTC", "long", "--collateral={}", "--leverage", "10"],
    "leverage": ["trade", "open", "BTC", "long", "--collateral", "100", "--leverage={}"],
    "tp": ["trade", "open", "BTC", "long", "--collateral=100", "--leverage=10", "--tp={}"],
    "sl": ["trade", "open", "BTC", "long", "--collateral=100", "--leverage=10", "--sl={}"],
    "slippage": ["trade", "open", "BTC", "long", "--collateral=1", "--leverage=2", "--slippage={}"],
    "key": ["trade", "close", "1", "--idempotency-key={}"],
    "position": ["trade", "close", "{}"],
    "portion": ["trade", "close", "1", "--portion={}"],
    "symbol": ["price", "{}"],
    "order": ["why", "{}"],
    "limit": ["orders", "--limit={}"],
    "days": ["pnl", "--days={}"],
    "user": ["positions", "--user={}"],
    "seed": ["demo", "--seed={}", "--port=99999"],
    "port": ["demo", "--port={}", "--speed=0"],
    "speed": ["demo", "--speed={}", "--port=99999"],
    "replay file": ["demo", "--replay={}", "--port=99999"],
    "file": ["replay", "{}", "--speed=x"],
    "signal market": ["signal", "send", "--market={}", "--id=short"],
    "signal leverage": ["signal", "send", "--leverage={}"],
    "signal side": ["signal", "send", "--side={}", "--id=short"],
    "signal id": ["signal", "send", "--id={}"],
    "signal key": ["signal", "send", "--key-id={}"],
    "signal shown": ["signal", "show", "{}"],
    "provider": ["signal", "show", "sig_12345678", "--provider={}"],
}
# 2 usage, 3 not found, 6 not running: the string was fine and nobody runs here. 0: "--help".
FINE = {0, 2, 3, 6}


@pytest.mark.parametrize("slot", SLOTS)
def test_no_string_in_any_argument_leaves_a_trace(
    slot: str, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strings: list[str] = json.loads((data_dir / "text" / "blns.json").read_text("utf-8"))
    strings += ["\udcff\udc80", "9" * 400, "A" * 20_000, "-", "--", "\x1b[2J", "..", "%s%n", "{0}"]
    environ = {"VANTA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    for text in strings:
        argv = [part.replace("{}", text) for part in SLOTS[slot]]
        code = main(argv, environ)
        told = capsys.readouterr()
        assert code in FINE, (argv, code, told.err)
        if code:
            assert told.out == "", argv
            assert told.err.rstrip(), argv
        assert "Traceback" not in told.err
        assert "\x1b" not in told.err


@pytest.mark.parametrize("slot", ["market", "collateral", "symbol", "command"])
def test_errors_stay_one_json_document(
    slot: str, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strings: list[str] = json.loads((data_dir / "text" / "blns.json").read_text("utf-8"))
    for text in strings:
        argv = ["--json", *(part.replace("{}", text) for part in SLOTS[slot])]
        code = main(argv, {"VANTA_HOME": str(tmp_path)})
        told = capsys.readouterr()
        if code == 0:  # --help
            continue
        document = json.loads(told.out)
        assert document["exit_code"] == code
        assert document["error"]["code"].startswith("E-")
        assert told.err == ""
