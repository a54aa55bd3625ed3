"""What a feed sends is answered by a code, whatever it is: counted, never raised."""

import math

import numpy as np
import pytest

from tests.fakes.price_calls import METHODS, a_book
from vanta._core import PRICE_REJECTS


@pytest.mark.parametrize("value", [True, 1.5, math.nan, math.inf, np.float64(1), np.True_, b"1"])
@pytest.mark.parametrize("name", ["value", "conf"])
def test_a_price_that_is_no_integer_is_malformed_and_counted(name: str, value: object) -> None:
    book = a_book()
    code = book.update(**METHODS["update"] | {name: value})
    assert PRICE_REJECTS[code] == "MALFORMED"
    assert book.counters()["MALFORMED"] == 1


@pytest.mark.parametrize("call", ["update_batch", "tick"])
def test_rows_at_the_ends_are_answers_never_panics(call: str) -> None:
    book = a_book()
    for name, value in METHODS[call].items():
        if name in ("market_ix", "source_ix", "recv_wall_ns", "recv_mono_ns"):
            continue
        for end in (-1, 0, 2**63 - 1, -(2**63)):
            given = np.full(2, end) if isinstance(value, np.ndarray) else end
            answer = getattr(book, call)(**METHODS[call] | {name: given})
            codes = answer.tolist() if call == "update_batch" else [answer[0]]
            assert set(codes) <= set(range(len(PRICE_REJECTS))), (name, end)
