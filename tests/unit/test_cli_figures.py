"""Figures in the shell: what is used of a limit is rounded up, what is left down."""

import pytest

from vanta.cli import figures as f


@pytest.mark.parametrize(
    ("text", "unit", "used", "left"),
    [
        ("0.000112", "ratio", "0.02 %", "0.01 %"),
        ("0.2", "ratio", "20.00 %", "20.00 %"),
        ("999.990001", "usd", "1,000.00", "999.99"),
        ("1000", "usd", "1,000.00", "1,000.00"),
        ("3", "count", "3", "3"),
        (None, "usd", "-", "-"),
    ],
)
def test_a_loss_is_never_shown_smaller_than_it_is(
    text: str | None, unit: str, used: str, left: str
) -> None:
    assert f.used(text, unit) == used
    assert f.number(text, unit) == left
