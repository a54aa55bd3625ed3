"""The words after a command: every complaint names field, value and limit."""

import pytest

from vanta.control.words import MAX_CHARS, MAX_WORDS, Words
from vanta.domain.errors import InputError


def test_words_come_out_the_same_however_they_were_split() -> None:
    for given in (["7", "spam  and", "abuse"], ["7 spam and abuse"], [" 7\tspam", "and abuse "]):
        words = Words(given)
        assert words.given == ("7", "spam", "and", "abuse")
        assert (words.user_id(), words.text("reason")) == (7, "spam and abuse")
        words.end("block ID [reason]")


NO_IDS = "-0 -1 0 １２ 1,5 0x10 1e3 NaN 12.0 # ##1 +1 2147483648 \N{ARABIC-INDIC DIGIT ONE} ²"


@pytest.mark.parametrize("given", [*NO_IDS.split(), "9" * 200])
def test_an_id_that_is_none_is_named(given: str) -> None:
    with pytest.raises(InputError) as caught:
        Words([given]).user_id()
    assert (caught.value.code, caught.value.field) == ("E-ARG", "user")


@pytest.mark.parametrize("given", ["12", "#12"])
def test_an_id(given: str) -> None:
    assert Words([given]).user_id() == 12


@pytest.mark.parametrize(("given", "ok"), [("1", True), ("60", True), ("0", False), ("61", False)])
def test_whole_numbers_at_their_ends(given: str, ok: bool) -> None:
    if ok:
        assert Words([given]).whole("minutes", low=1, high=60) == int(given)
        return
    with pytest.raises(InputError, match="a whole number from 1 to 60"):
        Words([given]).whole("minutes", low=1, high=60)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (["x"] * (MAX_WORDS + 1), "words"),
        (["x" * (MAX_CHARS + 1)], "word"),
        (["a\x00b"], "word"),
        (["a\N{RIGHT-TO-LEFT OVERRIDE}b"], "word"),
        (["\ud800"], "word"),
        (["x" * 4_000_000], "word"),
    ],
)
def test_what_cannot_be_said(given: list[str], field: str) -> None:
    with pytest.raises(InputError) as caught:
        Words(given)
    assert caught.value.field == field
    assert len(str(caught.value)) < 300


def test_the_most_that_can_be_said() -> None:
    assert len(Words(["x"] * MAX_WORDS).given) == MAX_WORDS
    assert Words(["x" * MAX_CHARS]).maybe() == "x" * MAX_CHARS


def test_a_word_too_many_is_not_ignored() -> None:
    words = Words(["dry", "now"])
    assert words.choice("mode", ("dry", "live")) == "dry"
    with pytest.raises(InputError, match="the form mode"):
        words.end("mode [dry | live]")


def test_a_choice_in_any_case_and_no_other() -> None:
    assert Words(["LIVE"]).choice("mode", ("dry", "live")) == "live"
    for given in (["livE "], ["ＬＩＶＥ"], ["li"], []):
        words = Words(given)
        if given == ["livE "]:
            assert words.choice("mode", ("dry", "live")) == "live"
            continue
        with pytest.raises(InputError, match="one of dry, live"):
            words.choice("mode", ("dry", "live"))


def test_a_long_text_is_refused_whole() -> None:
    words = Words(["x" * 150, "y" * 60])
    with pytest.raises(InputError, match="at most 200 characters"):
        words.text("reason")
