"""Text and JSON that Postgres can hold."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vanta.domain.errors import InputError
from vanta.store import text

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)  # halves of pairs included
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("value", "fits"),
    [("a", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("a\x00", False)],
    ids=["one", "limit", "limit + 1", "none", "NUL"],
)
def test_names_have_a_limit(value: str, fits: bool) -> None:
    if fits:
        assert text.name(value, field="f") == value
        return
    with pytest.raises(InputError) as caught:
        text.name(value, field="f")
    assert (caught.value.code, caught.value.field) == ("E-ARG", "f")


@given(ANY_TEXT)
def test_prose_always_fits(value: str) -> None:
    stored = text.prose(value, limit=10)
    assert "\x00" not in stored
    assert len(stored) <= 10
    stored.encode()  # raises on half a pair
    assert text.prose(stored, limit=10) == stored


@given(ANY_JSON)
def test_json_never_holds_what_jsonb_refuses(value: object) -> None:
    decoded = msgspec.json.decode(text.json_bytes(value))

    def all_texts(part: object) -> list[str]:
        if isinstance(part, dict):
            return [t for k, v in part.items() for t in (k, *all_texts(v))]
        if isinstance(part, list):
            return [t for v in part for t in all_texts(v)]
        return [part] if isinstance(part, str) else []

    assert not any("\x00" in t for t in all_texts(decoded))


@given(st.recursive(st.none() | st.text("ab\\u0é", max_size=12), st.lists, max_leaves=6))
def test_harmless_json_is_untouched(value: object) -> None:
    assert msgspec.json.decode(text.json_bytes(value)) == value


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        (rb'"\u0000"', rb'"\ufffd"'),
        (rb'"\\u0000"', rb'"\\u0000"'),
        (rb'"\\\u0000"', rb'"\\\ufffd"'),
        (rb'"\u0000\u0000"', rb'"\ufffd\ufffd"'),
        (rb'"\\\\u0000\u0000"', rb'"\\\\u0000\ufffd"'),
    ],
)
def test_only_true_nul_escapes_are_replaced(raw: bytes, stored: bytes) -> None:
    assert text.json_bytes(raw) == stored
