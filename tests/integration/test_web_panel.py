"""The secure panel: its link works once, its page keeps secrets, its answers repeat none."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from importlib import resources

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.panel import PIN, Browser, browsing
from vanta.store.pool import Pool
from vanta.web.panel_sessions import LIFE_S, MAX_SESSIONS, PanelSessions

OVER = "This link was used or is over. Send /security in the chat for a new one."


@pytest.fixture
async def browser(pool: Pool, clock: ManualClock) -> AsyncIterator[Browser]:
    async with browsing(pool, clock) as opened:
        yield opened


async def test_a_pin_is_set_and_proved(browser: Browser) -> None:
    opened = await browser.enter()
    assert (opened["user_id"], opened["life_s"]) == (browser.user_id, LIFE_S)
    assert opened["state"] == {
        "pin": False, "code": False, "proved_until": None, "locked_until": None,
        "opens_admin_from": None,
    }  # fmt: skip
    status, answer = await browser.post("pin", {"pin": PIN, "again": PIN})
    assert answer["state"]["opens_admin_from"], "whoever holds the chat could have set it"
    assert (status, answer["state"]["pin"]) == (200, True)
    assert not await browser.step_up.is_fresh(browser.user_id)
    status, answer = await browser.post("prove", {"pin": PIN})
    assert status == 200
    assert answer["title"].startswith("Proved until ")
    assert await browser.step_up.is_fresh(browser.user_id)
    assert browser.proved == [browser.user_id], "the chat is told, once"


async def test_a_code_is_set_and_proved(browser: Browser) -> None:
    await browser.enter()
    _, made = await browser.post("totp")
    assert made["data"]["uri"].startswith("otpauth://totp/")
    code = browser.code(made["data"]["secret"])
    status, answer = await browser.post("totp/confirm", {"code": f"{code[:3]} {code[3:]}"})
    assert (status, answer["state"]["code"]) == (200, True)
    assert answer["state"]["opens_admin_from"], "as a first PIN"
    status, _ = await browser.post("prove", {"code": code})
    assert status == 422, "a code counts once"
    browser.clock.advance(30 * 10**9)
    status, _ = await browser.post("prove", {"code": browser.code(made["data"]["secret"])})
    assert status == 200


async def test_a_link_opens_once(browser: Browser) -> None:
    ticket = await browser.step_up.invite(browser.user_id)
    tries = await asyncio.gather(*(browser.post("open", {"ticket": ticket}) for _ in range(8)))
    assert sorted(status for status, _ in tries) == [200] + [401] * 7
    assert {a["error"]["text"] for s, a in tries if s == 401} == {OVER}


async def test_a_link_is_over_after_five_minutes_and_no_other_text_is_one(browser: Browser) -> None:
    ticket = await browser.step_up.invite(browser.user_id)
    browser.clock.advance(5 * 60 * 10**9)
    for text in (ticket, "", "x", "\u0000", "é" * 99):
        status, answer = await browser.post("open", {"ticket": text})
        assert (status, answer["error"]["code"]) == (401, "E-EXPIRED")


async def test_without_a_session_nothing_works(browser: Browser) -> None:
    for path, body in (
        ("prove", {"pin": PIN}), ("pin", {"pin": PIN, "again": PIN}), ("totp", {}),
        ("totp/confirm", {"code": "123456"}),
    ):  # fmt: skip
        for session in ("", "nonsense"):
            browser.session = session
            status, answer = await browser.post(path, body)
            assert (status, answer["error"]["code"]) == (401, "E-EXPIRED")
    assert not await browser.step_up.is_set(browser.user_id)


async def test_a_session_ends_by_time_by_a_new_one_and_by_hand(browser: Browser) -> None:
    await browser.enter()
    first = browser.session
    await browser.enter()
    second, browser.session = browser.session, first
    assert (await browser.post("totp"))[0] == 401
    browser.session = second
    assert (await browser.post("totp"))[0] == 200
    assert await browser.post("close") == (200, {"closed": True})
    assert (await browser.post("totp"))[0] == 401
    await browser.enter()
    browser.clock.advance(LIFE_S * 10**9)
    assert (await browser.post("totp"))[0] == 401


async def test_another_pin_needs_a_proof_of_the_old_one(browser: Browser) -> None:
    await browser.enter()
    await browser.post("pin", {"pin": PIN, "again": PIN})
    other = {"pin": "another horse 8", "again": "another horse 8"}
    status, answer = await browser.post("pin", other)
    assert (status, answer["reasons"][0]["code"]) == (422, "E-STEPUP")
    await browser.post("prove", {"pin": PIN})
    assert (await browser.post("pin", other))[0] == 200


async def test_two_different_pins_set_none(browser: Browser) -> None:
    await browser.enter()
    status, answer = await browser.post("pin", {"pin": PIN, "again": PIN + "x"})
    assert (status, answer["error"]["text"]) == (422, "The two PINs are not the same.")
    assert not await browser.step_up.is_set(browser.user_id)


async def test_wrong_tries_lock(browser: Browser) -> None:
    await browser.enter()
    await browser.post("pin", {"pin": PIN, "again": PIN})
    for _ in range(5):
        assert (await browser.post("prove", {"pin": "wrong one 9"}))[0] == 422
    _, answer = await browser.post("prove", {"pin": PIN})
    assert "Too many wrong tries" in answer["reasons"][0]["text"]
    assert answer["state"]["locked_until"]
    assert browser.proved == []


@pytest.mark.parametrize(
    "body",
    [
        b'{"pin": 314159265}',
        b'{"pin": ["314159265"]}',
        b'{"pin": "314159265", "pin": "314159265"}',
        b'{"pin": "314159265", "code": "314159265"}',
        b'{"pin": "314159265"',
        b'{"other": "314159265"}',
        b'["314159265"]',
        b'{"pin": "' + b"314159265" * 400 + b'"}',
        b'{"pin": "314159265"}',
    ],
)
async def test_no_answer_and_no_log_repeats_what_was_typed(
    browser: Browser, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await browser.enter()
    session = browser.session
    for path in ("prove", "pin", "totp/confirm", "open"):
        status, answer = await browser.post(path, body)
        assert status in (400, 401, 413, 422)
        assert "314159265" not in str(answer)
    assert "314159265" not in caplog.text
    assert session not in caplog.text


async def test_only_its_own_page_may_call(browser: Browser) -> None:
    ticket = {"ticket": await browser.step_up.invite(browser.user_id)}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Host": "evil.example"},
    ):
        status, _ = await browser.post("open", ticket, **headers)
        assert status == 403, headers
    assert (await browser.post("open", ticket, Content_Type="text/plain"))[0] == 415
    assert (await browser.post("open", ticket))[0] == 200, "the ticket was not spent by them"


async def test_the_page_is_strict_and_asks_nobody_else(browser: Browser) -> None:
    for path, kind in (
        ("/panel", "text/html"), ("/panel/panel.css", "text/css"),
        ("/panel/panel.js", "text/javascript"),
    ):  # fmt: skip
        async with browser.client.get(path) as answer:
            assert (answer.status, answer.content_type) == (200, kind)
            policy = answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    for path in ("/panel/other.js", "/panel/index.html", "/panel/..%2fapi.py"):
        async with browser.client.get(path) as answer:
            assert answer.status == 404
    async with browser.client.get("/panel", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403


def test_the_page_writes_no_html_and_stores_nothing() -> None:
    folder = resources.files("vanta.web") / "panel"
    for part in folder.iterdir():
        text = part.read_text("utf-8")
        assert not re.search(r"https?://", text), part.name
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                     "localStorage", "sessionStorage", "document.cookie", "console."):  # fmt: skip
            assert sink not in text, part.name
        assert not re.search(r"\s(?:on[a-z]+|style)=", text), part.name


def test_sessions_are_bounded_and_unguessable(clock: ManualClock) -> None:
    sessions = PanelSessions(clock)
    tokens = [sessions.begin(user_id) for user_id in range(MAX_SESSIONS + 1)]
    assert sessions.whose(tokens[0]) is None
    assert sessions.whose(tokens[-1]) == MAX_SESSIONS
    assert len(set(tokens)) == len(tokens)
    assert min(map(len, tokens)) >= 32
