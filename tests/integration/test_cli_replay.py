"""`vanta replay` over a file: counts, a checksum equal on every machine, and divergence."""

import gzip
import json
from pathlib import Path

import pytest

from vanta.cli import main


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    rows = ["ts_ns,market,source,price,conf"]
    for second in range(30):
        for offset, source in enumerate(("a-trade", "b-trade", "c-trade")):
            price = 61_000 + second + offset
            rows.append(f"{(1_700_000_000 + second) * 10**9 + offset},BTC/USD,{source},{price},1")
    path = tmp_path / "recorded.csv.gz"
    path.write_bytes(gzip.compress(("\n".join(rows) + "\n").encode()))
    return path


def test_counts_and_checksum_repeat(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = []
    for _ in range(2):
        assert main(["replay", str(recording), "--json"], {}) == 0
        documents.append(json.loads(capsys.readouterr().out))
    assert documents[0] == documents[1]
    assert documents[0]["ticks"] == 90
    assert "BTC/USD" in documents[0]["quotes_by_quality"]
    checksum = documents[0]["checksum"]
    assert main(["replay", str(recording), "--expect", checksum], {}) == 0
    assert "BTC/USD" in capsys.readouterr().out
    assert main(["replay", str(recording), "--expect", "0" * 64], {}) == 9
    assert "[E-DIVERGED]" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [b"", b"nonsense", b"a,b\n1,2\n", b"\x1f\x8b\x08\x00broken",
     b"ts_ns,market,source,price,conf\nx",
     b"ts_ns,market,source,price,conf\n1,BTC/USD,a,NaN,\n", b"\xff\xfe\x00"],
    ids=lambda content: repr(content[:12]),
)  # fmt: skip
@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz"])
def test_a_file_that_is_no_recording(
    content: bytes, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert main(["replay", str(path)], {}) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "[E-ARG]" in told.err
    assert "Traceback" not in told.err
