"""What looks like a key is recognised; what people really write is not."""

import json
from pathlib import Path

import pytest

from vanta.telegram.leak import looks_secret

WORDS = "abandon ability able about above absent absorb abstract absurd abuse access accident"


@pytest.mark.parametrize(
    "text",
    [
        "a1" * 32,
        "0x" + "A1" * 32,
        "my key: 0x" + "0f" * 32 + " keep it",
        WORDS,
        WORDS.upper(),
        WORDS.replace(" ", ", "),
        " ".join(f"{n}. {w}" for n, w in enumerate(WORDS.split(), start=1)),
        WORDS + " " + WORDS,
        "seed: " + WORDS,
        "4" * 87,
        "5" + "J" * 50,
        "xprv" + "9" * 107,
        str(list(range(64))),
    ],
)
def test_keys_are_recognised(text: str) -> None:
    assert looks_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/long BTC 100 25x sl=-2% tp=roi:50% slip=0.5%",
        "0x" + "a" * 40,
        "a" * 40,
        "9" * 200,
        "please tell me why the order did not go through when I pressed it twice",
        "Hello! I would like to know, if I may, what this bot does with my money today.",
        "/help",
    ],
)
def test_other_texts_are_not(text: str) -> None:
    assert not looks_secret(text)


def test_naughty_strings_hold_no_keys(data_dir: Path) -> None:
    strings = json.loads((data_dir / "text" / "blns.json").read_text())
    assert [text for text in strings if looks_secret(text)] == []
