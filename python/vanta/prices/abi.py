"""The few ABI shapes a price feed answers with, decoded word by word and strictly.

Lengths and unused bits are checked: a proxy pointed at another contract must fail here and not
turn into a price.
"""

from typing import Final

import msgspec

WORD: Final = 32
_U80: Final = 1 << 80
_U64: Final = 1 << 64
_TIME_MAX: Final = 1 << 33  # the year 2242; Unix seconds


class Round(msgspec.Struct, frozen=True):
    """Answer of `latestRoundData`; times are Unix seconds."""

    round_id: int
    answer: int
    started_at: int
    updated_at: int

    @property
    def phase(self) -> int:
        """Which aggregator behind the proxy answered."""
        return self.round_id >> 64

    @property
    def aggregator_round(self) -> int:
        """Round number within the phase."""
        return self.round_id & (_U64 - 1)


def words(data: object, n: int) -> list[int]:
    """Split 0x-prefixed hex into exactly `n` words of 32 bytes; raises `ValueError`."""
    raw = _raw(data)
    if len(raw) != n * WORD:
        raise ValueError(f"abi: {len(raw)} bytes, expected {n * WORD}")
    return [int.from_bytes(raw[i : i + WORD], "big") for i in range(0, len(raw), WORD)]


def decode_round(data: object) -> Round:
    """Decode (uint80, int256, uint256, uint256, uint80); raises `ValueError`.

    `answeredInRound` is deprecated and not looked at beyond its width.
    """
    round_id, answer, started, updated, answered_in = words(data, 5)
    if round_id >= _U80 or answered_in >= _U80:
        raise ValueError("abi: round id wider than 80 bits")
    if started >= _TIME_MAX or updated >= _TIME_MAX:
        raise ValueError("abi: time beyond reason")
    return Round(round_id, _signed(answer), started, updated)


def decode_u8(data: object) -> int:
    """Decode a uint8; raises `ValueError`."""
    (value,) = words(data, 1)
    if value > 255:
        raise ValueError("abi: uint8 above 255")
    return value


def decode_address(data: object) -> str:
    """Decode an address to lower-case hex; raises `ValueError`."""
    (value,) = words(data, 1)
    if value >> 160:
        raise ValueError("abi: address wider than 160 bits")
    return f"0x{value:040x}"


def decode_string(data: object, limit: int = 128) -> str:
    """Decode one dynamic string of at most `limit` bytes; raises `ValueError`."""
    raw = _raw(data)
    if len(raw) < 2 * WORD or int.from_bytes(raw[:WORD], "big") != WORD:
        raise ValueError("abi: not a single string")
    size = int.from_bytes(raw[WORD : 2 * WORD], "big")
    padded = -(-size // WORD) * WORD
    if size > limit or len(raw) != 2 * WORD + padded or any(raw[2 * WORD + size :]):
        raise ValueError("abi: string length and data disagree")
    return raw[2 * WORD : 2 * WORD + size].decode("utf-8")


def _raw(data: object) -> bytes:
    if not isinstance(data, str) or not data.startswith("0x") or len(data) > 4096:
        raise ValueError("abi: not hex data")
    if not data.isascii() or (not data[2:].isalnum() and len(data) > 2):
        raise ValueError("abi: not hex data")
    return bytes.fromhex(data[2:])


def _signed(word: int) -> int:
    return word - (1 << 256) if word >> 255 else word
