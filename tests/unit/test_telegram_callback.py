"""Callback data: small, strict, and never trusted."""

import pytest

from vanta.telegram import keyboards
from vanta.telegram.callback import MAX_BYTES, Callback, decode, encode
from vanta.telegram.drafts import Option
from vanta.telegram.office import new_nonce


def test_round_trip() -> None:
    nonce = new_nonce()
    assert decode(encode("go", nonce)) == Callback("go", -1, nonce)
    assert decode(encode("p12", nonce)) == Callback("p", 12, nonce)
    assert decode(encode("pos", 481)) == Callback("pos", -1, "481")


@pytest.mark.parametrize("number", ["1" * 16, "-1", "1.5", "x"])
def test_number_of_nonsense_is_zero(number: str) -> None:
    assert Callback("pos", -1, number).number == 0


@pytest.mark.parametrize(
    "data",
    [
        None, "", "v1", "v1:go", "v1:go:", "v2:go:abc", "v1:GO:abc", "v1:go:abc:d", "v1::abc",
        "v1:go:" + "a" * 41, "v1:go:ä", "v1:go:a b", "v1:p123:a", " v1:go:a", "v1:go:a\n",
        "v1:go:a'; DROP TABLE orders", "v1:" + "g" * 13 + ":a",
    ],
)  # fmt: skip
def test_anything_we_never_sent_is_nothing(data: str | None) -> None:
    assert decode(data) is None


def test_encode_refuses_what_would_not_come_back() -> None:
    for verb, ref in (("go", "a b"), ("GO", "a"), ("go", "a" * 64), ("go", "")):
        with pytest.raises(ValueError, match="does not fit"):
            encode(verb, ref)


def test_every_button_fits() -> None:
    nonce = new_nonce()
    rows = [[Option(label=str(n)) for n in range(50)]]
    boards = [
        keyboards.ticket(nonce, life_s=60, slider=rows),
        keyboards.step(rows, nonce),
        keyboards.confirm(nonce, life_s=60),
        keyboards.start(),
        keyboards.market(65_535),
        keyboards.back(10**15 - 1),
        keyboards.why(10**15 - 1),
        keyboards.refresh("order", 10**15 - 1),
    ]
    for board in boards:
        for row in board.inline_keyboard:
            for button in row:
                assert len((button.callback_data or "").encode()) <= MAX_BYTES
                assert decode(button.callback_data) is not None


def test_nonces_differ() -> None:
    assert len({new_nonce() for _ in range(10_000)}) == 10_000
