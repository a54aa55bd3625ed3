"""Recorded markets: positions open on real quotes, lies and gaps are not traded on."""

from collections.abc import Callable
from pathlib import Path

from tests.e2e.instance import Instance


def test_a_position_opens_on_a_recorded_quote(
    start: Callable[..., Instance], data_dir: Path
) -> None:
    recording = data_dir / "replay" / "btc_eth_ticks_20240808.csv.gz"
    instance = start("--replay", str(recording))
    opened = instance.cli_json(
        "trade", "open", "BTC", "long", "--collateral", "100", "--leverage", "5"
    )
    assert opened["order"]["state"] == "FILLED"
    # The recording's Bitcoin trades between 61,500 and 62,500 dollars.
    assert 61_500 < float(opened["position"]["entry"]) < 62_500
    refused = instance.cli_json(
        "trade", "open", "SOL", "long", "--collateral", "100", "--leverage", "5"
    )
    assert refused["order"]["state"] == "REFUSED", "the recording has no SOL"
    assert "E-STALE" in {r["code"] for r in refused["order"]["verdict"]["reasons"]}


def test_venues_quoting_in_a_broken_dollar_are_left_out(data_dir: Path) -> None:
    recording = data_dir / "replay" / "btc_202303a_1m_multi.csv.gz"
    told = Instance(home=Path("/nonexistent")).cli_json("replay", str(recording))
    left_out = told["left_out_of_quotes"]
    for venue in ("bybit:USDC", "kraken:USDC", "binanceus:USDC"):
        assert left_out[f"BTC/USD {venue}"]["OUTLIER"] > 50, venue
    assert left_out.get("BTC/USD coinbase", {}).get("OUTLIER", 0) == 0
