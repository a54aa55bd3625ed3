"""The hand-made ABI decoder against eth-abi, and against damaged answers."""

import csv
import gzip
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from vanta.prices import abi, chainlink

ROUND = ["uint80", "int256", "uint256", "uint256", "uint80"]
TIME = st.integers(0, 2**33 - 1)


def hexed(data: bytes) -> str:
    return "0x" + data.hex()


@given(
    round_id=st.integers(0, 2**80 - 1),
    answer=st.integers(-(2**255), 2**255 - 1),
    started=TIME,
    updated=TIME,
    answered=st.integers(0, 2**80 - 1),
)
def test_rounds_agree_with_eth_abi(
    round_id: int, answer: int, started: int, updated: int, answered: int
) -> None:
    found = abi.decode_round(hexed(encode(ROUND, [round_id, answer, started, updated, answered])))
    assert (found.round_id, found.answer) == (round_id, answer)
    assert (found.started_at, found.updated_at) == (started, updated)
    assert found.phase << 64 | found.aggregator_round == round_id


@given(st.text(max_size=32).filter(lambda t: len(t.encode()) <= 128))
def test_strings_agree_with_eth_abi(text: str) -> None:
    assert abi.decode_string(hexed(encode(["string"], [text]))) == text


@given(st.integers(0, 255))
def test_decimals_agree_with_eth_abi(value: int) -> None:
    assert abi.decode_u8(hexed(encode(["uint8"], [value]))) == value


@given(st.binary(min_size=20, max_size=20))
def test_addresses_agree_with_eth_abi(raw: bytes) -> None:
    assert abi.decode_address(hexed(encode(["address"], [raw]))) == hexed(raw)


@given(st.binary(max_size=400))
def test_any_bytes_decode_or_raise_value_error(raw: bytes) -> None:
    for decode in (abi.decode_round, abi.decode_u8, abi.decode_address, abi.decode_string):
        try:
            decode(hexed(raw))
        except ValueError:
            continue


GOOD = encode(ROUND, [1, 2, 3, 4, 1])


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "",
        "0x",
        "0xzz",
        "0x1",
        "0x 11",
        hexed(GOOD[:-1]),
        hexed(GOOD + b"\0"),
        hexed(GOOD)[2:],
        hexed(encode(["uint256", *ROUND[1:]], [2**80, 2, 3, 4, 1])),
        hexed(encode([*ROUND[:4], "uint256"], [1, 2, 3, 4, 2**80])),
        hexed(encode(ROUND, [1, 2, 3, 2**33, 1])),
    ],
    ids=repr,
)
def test_damaged_rounds_are_refused(data: object) -> None:
    with pytest.raises(ValueError):
        abi.decode_round(data)


def test_string_with_dirty_padding_is_refused() -> None:
    data = bytearray(encode(["string"], ["ETH / USD"]))
    data[-1] = 1
    with pytest.raises(ValueError, match="disagree"):
        abi.decode_string(hexed(bytes(data)))


@pytest.mark.parametrize(
    ("signature", "selector"),
    [
        ("latestRoundData()", chainlink.LATEST_ROUND_DATA),
        ("decimals()", chainlink.DECIMALS),
        ("description()", chainlink.DESCRIPTION),
        ("aggregator()", chainlink.AGGREGATOR),
    ],
)
def test_selectors(signature: str, selector: str) -> None:
    assert hexed(keccak(text=signature)[:4]) == selector


def test_recorded_rounds_survive_the_way_over_the_wire(data_dir: Path) -> None:
    last: dict[str, int] = {}
    rows = 0
    with gzip.open(data_dir / "oracle" / "chainlink_rounds_to_202310.csv.gz", "rt") as file:
        for row in csv.DictReader(file):
            values = [int(row[k]) for k in ("round_id", "answer", "started_at", "updated_at")]
            found = abi.decode_round(hexed(encode(ROUND, [*values, int(row["answered_in_round"])])))
            assert (found.round_id, found.answer, found.started_at, found.updated_at) == (*values,)
            # Sorted by time, and the phase in the top bits keeps the ids growing.
            assert found.round_id > last.get(row["feed"], 0)
            last[row["feed"]] = found.round_id
            rows += 1
    assert rows == 14_866
