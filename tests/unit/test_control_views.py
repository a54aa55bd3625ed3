"""Replies as messages: narrow tables, pages, why-cards, and nothing foreign as markup."""

import re

import pytest

from vanta.domain.command import CommandInfo, Need, Reply, Table
from vanta.domain.errors import InputError
from vanta.domain.roles import Right
from vanta.domain.verdict import Reason
from vanta.telegram.control_views import (
    asking,
    names,
    not_understood,
    pages,
    usage,
    whole,
    wish,
)
from vanta.telegram.text import COLUMNS


def boxes(page: str) -> list[str]:
    return [
        line for box in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL) for line in box.split("\n")
    ]


def users(count: int, *, name: str = "name") -> Table:
    rows = tuple((f"#{n}", f"{name}-{n}", "trader", "in") for n in range(count))
    return Table(columns=("ID", "Name", "Role", "State"), rows=rows)


@pytest.mark.parametrize(("rows", "count"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_five_rows_a_page(rows: int, count: int) -> None:
    found = pages(Reply(title="Users", tables=(users(rows),)))
    assert len(found) == count
    told = "".join(found)
    assert all(told.count(f"#{n} ") == 1 for n in range(rows))
    if count > 1:
        assert found[0].startswith(f"<b>Users</b>  1/{count}\n")
        assert all("ID" in page and "State" in page for page in found), "each page has its head"


def test_columns_are_aligned_and_narrow() -> None:
    [page] = pages(Reply(title="Users", tables=(users(3),)))
    head, *rows = boxes(page)
    assert all(len(line) <= COLUMNS for line in (head, *rows))
    assert {line.index("trader") for line in rows} == {head.index("Role")}


def test_numbers_stand_right() -> None:
    table = Table(columns=("Rule", "Used", "Limit"), rows=(("Opens", "2", "5"), ("Day", "-", "50")))
    [page] = pages(Reply(title="Limits", tables=(table,)))
    assert boxes(page) == ["Rule  Used Limit", "Opens    2     5", "Day      -    50"]


def test_what_is_too_wide_becomes_cards() -> None:
    table = Table(
        columns=("At", "Actor", "Action", "Detail"),
        rows=(("14:02:11", "user:1", "emergency_stop", "prices look wrong to me and others"),),
    )
    [page] = pages(Reply(title="Audit", tables=(table,)))
    lines = boxes(page)
    assert lines[0] == "14:02:11 user:1"
    assert all(len(line) <= COLUMNS for line in lines)
    assert " ".join(" ".join(lines).split()) == (
        "14:02:11 user:1 Action emergency_stop Detail prices look wrong to me and others"
    )


def test_long_replies_are_paged_by_characters() -> None:
    lines = tuple(f"{n} " + "word " * 20 for n in range(20))
    found = pages(Reply(title="Long", lines=lines))
    assert len(found) > 3
    assert max(map(len, found)) <= 500
    assert [int(n) for n in re.findall(r"^(\d+) word", "\n".join(found), re.MULTILINE)] == list(
        range(20)
    )


def test_refusals_are_why_cards_with_the_code_last() -> None:
    reasons = (
        Reason(code="E-ROLE", rule="ROLE", text="Only admins."),
        Reason(code="E-RATE", rule="RATE", text="5 of 5.", resets_at_ns=50_531 * 10**9),
    )
    [page] = pages(Reply(title="Not done", reasons=reasons))
    assert page.split("\n") == [
        "<b>Not done</b>",
        "1. Only admins. E-ROLE",
        "2. 5 of 5. Again at 14:02:11 UTC. E-RATE",
    ]


def test_a_reason_that_is_the_title_is_said_once() -> None:
    why = Reason(code="E-ROLE", rule="ROLE", text="Only admins.")
    assert pages(Reply(title="Only admins.", reasons=(why,))) == ("Only admins. E-ROLE",)


def test_foreign_words_are_inert() -> None:
    evil = "<a href='x'>&"
    reply = Reply(
        title=evil,
        lines=(evil,),
        tables=(Table(columns=("A", "B"), rows=((evil, evil),)),),
        reasons=(Reason(code="E-ARG", rule="X", text=evil),),
    )
    for text in (*pages(reply), whole(Reply(title=evil, need=Need.WORD, word=evil))):
        assert "<a" not in text
        assert "&lt;a href" in text


def test_words_in_backticks_are_shown_as_typed() -> None:
    [page] = pages(Reply(title="Do `x`", lines=("Run `vanta <key>` or ``.",)))
    assert page.startswith("<b>Do x</b>")
    assert page.endswith("Run <code>vanta &lt;key&gt;</code> or ``.")


def test_what_is_agreed_to_stands_on_one_page() -> None:
    reply = Reply(
        title="LIVE",
        lines=tuple(f"{n} changes" for n in range(60)),
        tables=(users(9),),
        need=Need.WORD,
        word="LIVE",
    )
    text = whole(reply)
    assert all(f"{n} changes" in text for n in range(60))
    assert "#8 " in text
    assert text.endswith("The word is your next message here; another one stops it.")


def test_each_need_says_what_the_chat_adds() -> None:
    assert asking(Reply(title="x")) == ""
    assert asking(Reply(title="x", need=Need.CONFIRM)) == ""
    assert "/stepup 123456" in asking(Reply(title="x", need=Need.STEP_UP))
    assert asking(Reply(title="x", need=Need.SECOND_PERSON)) == ""


def test_help_names_usage_and_demands() -> None:
    info = CommandInfo(
        name="emergency_stop",
        usage="[all] <reason>",
        summary="Stops",
        group="Super admin",
        right=Right.GOVERN,
        confirm=True,
        step_up=True,
    )
    assert usage(info) == (
        "<code>/emergency_stop [all] &lt;reason&gt;</code>\nStops\nAsks for step-up, a confirm."
    )
    assert wish(info, ("all", "<b>")).startswith(
        "<code>/emergency_stop all &lt;b&gt;</code>\nStops."
    )
    assert names([info]) == "<b>Super admin</b>  /emergency_stop"


@pytest.mark.parametrize(
    ("field", "value", "limit", "said"),
    [
        ("page", "1,5", "a whole number", 'I did not get "1,5" as page: it needs a whole number.'),
        ("key", "", "one of a, b", "The key is missing: it needs one of a, b."),
        ("word", "more", "the form users [page]", 'I did not get "more".'),
        ("page", "<b>", "a number", 'I did not get "&lt;b&gt;" as page: it needs a number.'),
    ],
)
def test_what_was_not_understood_shows_the_form_of_this_command(
    field: str, value: str, limit: str, said: str
) -> None:
    info = CommandInfo(
        name="users", usage="[page]", summary="Everybody", group="Admin", right=Right.OPERATE
    )
    error = InputError("E-ARG", field=field, value=value, limit=limit)
    assert not_understood(error, info) == f"{said}\nForm: <code>/users [page]</code> E-ARG"


def test_an_unknown_market_is_worded_as_everywhere() -> None:
    info = CommandInfo(name="price_feeds", usage="", summary="", group="", right=Right.OPERATE)
    error = InputError("E-SYM", field="market", value="BCT", limit="one of BTC")
    assert not_understood(error, info) == 'No market "BCT". Did you mean BTC? E-SYM'
