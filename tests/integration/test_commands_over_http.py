"""Commands over HTTP and from the command line: the same replies, under the published codes."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from tests.fakes.clock import ManualClock
from tests.fakes.control_http import ControlHttp, control_http
from tests.fakes.control_world import PIN, ControlWorld, control_world
from vanta.domain.policy import User
from vanta.domain.system import Stop
from vanta.store.pool import Pool

BUSY = "The database does not answer. To stop trading now run `vanta emergency-stop`"

LOOKING = [
    "admin",
    "risk_summary",
    "rate_limits",
    "rate_limits 1",
    "price_feeds",
    "price_feeds BTC",
    "users",
    "user 1",
    "roles",
    "audit 5",
    "limits",
    "limits BTC 100 25x",
    "limits BTC 100000 400x",
    "setrisk",
    "breaker",
    "mode",
    "execution_mode",
    "security",
    "user 99",
    "block 99",
]


@pytest.fixture
async def http(
    pool: Pool, clock: ManualClock, redis: Redis, tmp_path: Path
) -> AsyncIterator[ControlHttp]:
    async with (
        control_world(pool, clock, redis, tmp_path) as world,
        control_http(world, tmp_path) as served,
    ):
        yield served


@pytest.fixture
async def trader(http: ControlHttp) -> User:
    return await http.world.person("trader")


@pytest.fixture
async def boss(http: ControlHttp, trader: User) -> User:
    """A super admin; the first user is a trader, as in the demo."""
    return await http.world.person("super_admin")


def world_of(http: ControlHttp) -> ControlWorld:
    return http.world


# --- the same everywhere ----------------------------------------------------------------------


@pytest.mark.parametrize("text", LOOKING)
async def test_api_cli_and_book_say_the_same(
    http: ControlHttp, boss: User, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    reply = await http.world.run(boss, text)
    status, answer = await http.run(text)
    code, shown = await http.cli_json(capsys, "admin", *text.split())
    assert (status, code) == ((200, 0) if reply.done else (404, 3))
    told = json.loads(msgspec.json.encode(reply))
    for other in (answer, shown):
        assert other["done"] is reply.done
        assert (other["title"], other["lines"]) == (told["title"], told["lines"])
        assert (other["data"], other["tables"]) == (told["data"], told["tables"])
        assert [r["text"] for r in other["reasons"]] == [r.text for r in reply.reasons]


async def test_the_shell_shows_words_and_tables(
    http: ControlHttp, boss: User, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = await http.cli(capsys, "admin", "users")
    assert (code, err) == (0, "")
    assert "ID  NAME         ROLE         STATE" in out
    code, out, err = await http.cli(capsys, "limits", "BTC", "100", "25x")
    assert (code, err) == (0, "")
    assert "This would pass." in out
    code, out, err = await http.cli(capsys, "audit", "3")
    assert (code, err) == (0, "")
    code, out, err = await http.cli(capsys, "admin")
    assert code == 0
    assert "emergency_stop [all] [reason]" in out
    assert f"Commands of #{boss.id} (super_admin)" in err


# --- who acts ---------------------------------------------------------------------------------


async def test_without_an_owner_only_what_is_for_everybody(
    http: ControlHttp, trader: User, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = await http.run("users")
    assert (status, answer["error"]["code"]) == (403, "E-ROLE")
    assert "owner code" in answer["error"]["text"]
    assert (await http.cli(capsys, "admin", "users"))[0] == 5
    status, answer = await http.run("limits")
    assert (status, answer["data"]["user_id"]) == (200, trader.id)
    status, answer = await http.call("GET", "/api/v1/commands")
    assert (answer["user_id"], answer["role"]) == (trader.id, "trader")
    assert "users" not in {c["name"] for c in answer["commands"]}


async def test_limits_are_the_same_in_the_command_and_the_resource(
    http: ControlHttp, trader: User, capsys: pytest.CaptureFixture[str]
) -> None:
    _, answer = await http.run("limits")
    _, risk = await http.call("GET", "/api/v1/risk")
    assert {key: risk[key] for key in answer["data"]} == answer["data"]
    code, out, _ = await http.cli(capsys, "risk")
    assert code == 0
    for row in answer["data"]["limits"]:
        assert row["markets"] is not None or row["key"] in out


async def test_everywhere_the_same_person_acts_who_is_not_named(
    http: ControlHttp, trader: User
) -> None:
    async def persons() -> set[int]:
        _, limits = await http.run("limits")
        _, risk = await http.call("GET", "/api/v1/risk")
        _, commands = await http.call("GET", "/api/v1/commands")
        return {limits["data"]["user_id"], risk["user_id"], commands["user_id"]}

    assert await persons() == {trader.id}  # there is no owner yet: who was here first
    boss = await http.world.person("super_admin")
    assert await persons() == {boss.id}
    await http.world.person("super_admin")
    assert await persons() == {boss.id}
    await http.world.pool.execute("UPDATE users SET role = 'trader' WHERE id = $1", boss.id)
    assert trader.id not in await persons()


async def test_the_owner_acts_unless_another_is_named(
    http: ControlHttp, trader: User, boss: User
) -> None:
    assert (await http.run("users"))[0] == 200
    status, answer = await http.run("users", user=trader.id)
    assert (status, [r["code"] for r in answer["reasons"]]) == (403, ["E-ROLE"])
    assert (await http.run("users", user=99))[0] == 404
    assert (await http.run("users", user="boss"))[0] == 422
    await http.world.pool.execute("UPDATE users SET standing = 'blocked' WHERE id = $1", boss.id)
    assert (await http.run("users"))[0] == 403
    await http.world.person("super_admin", name="next")
    assert (await http.run("users"))[0] == 200


async def test_nothing_without_the_token(http: ControlHttp, boss: User) -> None:
    for method, path in (
        ("GET", "/api/v1/commands"),
        ("POST", "/api/v1/commands/users"),
        ("POST", "/api/v1/step-up"),
        ("POST", "/api/v1/security/pin"),
        ("POST", "/api/v1/security/totp"),
    ):
        assert (await http.call(method, path, token=None))[0] == 401
        assert (await http.call(method, path, token="x" * 30))[0] == 401


# --- what is missing --------------------------------------------------------------------------


async def test_a_script_goes_on_with_what_it_was_given(http: ControlHttp, boss: User) -> None:
    status, asked = await http.run("emergency_stop fire")
    assert (status, asked["need"], asked["done"]) == (428, "confirm", False)
    status, done = await http.run("emergency_stop fire", token=asked["token"])
    assert (status, done["done"]) == (200, True)
    assert world_of(http).trading.switches.state.stop is Stop.OPENS
    status, missing = await http.run("emergency_resume")
    assert (status, missing["need"]) == (428, "step_up")
    assert [r["code"] for r in missing["reasons"]] == ["E-STEPUP"]
    assert (await http.call("POST", "/api/v1/security/pin", json={"pin": PIN}))[0] == 200
    status, wrong = await http.call("POST", "/api/v1/step-up", json={"pin": "no-" + PIN})
    assert (status, [r["code"] for r in wrong["reasons"]]) == (422, ["E-STEPUP"])
    status, proved = await http.call("POST", "/api/v1/step-up", json={"pin": PIN})
    assert (status, proved["done"]) == (200, True)
    _, asked = await http.run("emergency_resume")
    assert (await http.run("emergency_resume", token=asked["token"]))[0] == 200
    assert world_of(http).trading.switches.state.stop is Stop.NONE


async def test_the_shell_goes_on_with_flags(
    http: ControlHttp,
    boss: User,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def typed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    typed("")
    code, shown = await http.cli_json(capsys, "admin", "emergency_stop", "all")
    assert (code, shown["exit_code"], shown["need"]) == (5, 5, "step_up")
    typed(PIN + "\n")
    code, out, err = await http.cli(capsys, "security", "pin", "--pin-stdin")
    assert (code, PIN in out + err) == (0, False)
    typed(PIN + "\n")
    code, shown = await http.cli_json(capsys, "admin", "emergency_stop", "all", "--pin-stdin")
    assert (code, shown["need"]) == (5, "confirm")
    code, shown = await http.cli_json(
        capsys, "admin", "emergency_stop", "all", "--token", shown["token"]
    )
    assert (code, shown["done"]) == (0, True)
    code, out, err = await http.cli(capsys, "admin", "emergency_resume", "--yes")
    assert code == 0, err
    code, out, err = await http.cli(capsys, "admin", "execution_mode", "LIVE")
    assert (code, "E-CONFIRM" in err) == (5, True)
    assert "pass --word LIVE" in err
    code, out, err = await http.cli(capsys, "admin", "execution_mode", "LIVE", "--word", "live")
    assert (code, "E-ARG" in err) == (5, True)
    code, out, err = await http.cli(capsys, "admin", "execution_mode", "LIVE", "--word", "LIVE")
    assert (code, "E-MODE" in err) == (5, True)
    assert "only simulates" in err


async def test_a_pin_is_changed_with_the_old_one(
    http: ControlHttp,
    boss: User,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def set_pin(text: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return (await http.cli(capsys, "security", "pin", "--pin-stdin"))[0]

    assert await set_pin("123456\n") == 5  # a simple row
    assert await set_pin(PIN + "\n") == 0
    assert await set_pin("another-57201\n") == 5
    assert await set_pin(f"another-57201\nnot-{PIN}\n") == 5
    assert await set_pin(f"another-57201\n{PIN}\n") == 0
    step_up = http.world.control.rights.step_up
    assert (await step_up.prove(boss.id, pin="another-57201")).ok


async def test_codes_of_an_authenticator(http: ControlHttp, boss: User) -> None:
    import pyotp  # noqa: PLC0415  # only here

    status, begun = await http.call("POST", "/api/v1/security/totp", json={})
    assert status == 200
    totp = pyotp.TOTP(begun["data"]["secret"])
    now_s = http.world.clock.now_ns() // 10**9
    path = "/api/v1/security/totp"
    assert (await http.call("POST", path, json={"code": "000000"}))[0] == 422
    assert (await http.call("POST", path, json={"code": totp.at(now_s)}))[0] == 200
    http.world.clock.advance(60 * 10**9)
    code = totp.at(http.world.clock.now_ns() // 10**9)
    assert (await http.call("POST", "/api/v1/step-up", json={"code": code}))[0] == 200
    assert (await http.call("POST", "/api/v1/step-up", json={"code": code}))[0] == 422  # once


# --- nonsense ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"args": "12"}, "args"),
        ({"args": [12]}, "args"),
        ({"args": [None]}, "args"),
        ({"args": [["12"]]}, "args"),
        ({"args": {"0": "12"}}, "args"),
        ({"token": 5}, "token"),
        ({"word": True}, "word"),
        ({"argv": []}, "argv"),
        ({"args": None}, "args"),
    ],
)
async def test_a_body_of_the_wrong_kind_is_named(
    http: ControlHttp, boss: User, body: object, field: str
) -> None:
    status, answer = await http.call("POST", "/api/v1/commands/user", json=body)
    assert (status, answer["error"]["code"]) == (422, "E-ARG")
    assert answer["error"]["field"] == field


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b'{"args": ["1"',
        b'{"args": ["1"], "args": ["2"]}',
        b'{"args": ["\\ud800"]}',
        b'{"args": ["a\\u0000b"]}',
        b'{"args": [1e309]}',
        b'{"args": [NaN]}',
        b'{"args": ["' + b"9" * 200 + b'"]}',
        b'{"args": ["-0"]}',
        b'{"args": ["' + "１２".encode() + b'"]}',
        b'{"args": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"args": [' + b'"x",' * 3_000 + b'"x"]}',
        b'{"args": ["' + b"x" * 17_000 + b'"]}',
        b"\xff\xfe",
    ],
)
async def test_nonsense_is_named_and_never_a_fault(
    http: ControlHttp, boss: User, raw: bytes
) -> None:
    status, answer = await http.call("POST", "/api/v1/commands/user", data=raw)
    assert status in (400, 413, 422), answer
    codes = [r["code"] for r in answer.get("reasons", ())] or [answer["error"]["code"]]
    assert codes == ["E-ARG"]


@pytest.mark.parametrize(
    "name", ["nonsense", "USERS", "users;drop", "%00", "a" * 300, "ｕｓｅｒｓ"]
)
async def test_no_such_command(http: ControlHttp, boss: User, name: str) -> None:
    status, answer = await http.call("POST", f"/api/v1/commands/{name}", json={})
    assert status in (404, 422)
    assert "E-ARG" in json.dumps(answer)


async def test_a_reply_tells_field_and_limit_of_what_was_not_understood(
    http: ControlHttp, boss: User, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = await http.run("maintenance_mode on 5000")
    assert (status, answer["reasons"][0]["code"]) == (422, "E-ARG")
    limit = "a whole number from 1 to 1440"
    assert answer["data"] == {"field": "minutes", "value": "5000", "limit": limit}
    assert (await http.cli(capsys, "admin", "maintenance_mode", "on", "5000"))[0] == 2
    code, _, err = await http.cli(capsys, "admin", "price_feeds", "BCT")
    assert (code, err) == (3, 'No market "BCT". Did you mean BTC? [E-SYM]\n')
    for text in ("set_limit nope 3", "set_limit max_leverage 3%", "set_limit max_leverage 1e309"):
        assert (await http.run(text))[0] == 422, "nobody proves himself for words that mean nothing"
    _, answer = await http.run("set_limit")
    assert "max_leverage" in answer["data"]["limit"]  # the keys there are
    assert "volume_day_usd" in answer["data"]["limit"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/step-up", {"pin": 987654}, "pin"),
        ("/api/v1/step-up", {"code": [987654]}, "code"),
        ("/api/v1/security/pin", {"pin": {"is": 987654}}, "pin"),
        ("/api/v1/security/pin", {"pin": "good-enough-1", "old": 987654}, "old"),
        ("/api/v1/security/pin", {}, "pin"),
        ("/api/v1/step-up", {}, "pin"),
        ("/api/v1/step-up", {"pin": "987654", "code": "987654"}, "pin"),
    ],
)
async def test_a_secret_of_the_wrong_kind_is_not_repeated(
    http: ControlHttp,
    boss: User,
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: object,
    field: str,
) -> None:
    status, answer = await http.call("POST", path, json=body)
    assert (status, answer["error"]["code"]) == (422, "E-ARG")
    assert answer["error"]["field"] == field
    assert "987654" not in json.dumps(answer)
    assert "987654" not in caplog.text


async def test_a_stop_that_cannot_be_asked_for_says_what_stops_without_a_database(
    http: ControlHttp, boss: User, capsys: pytest.CaptureFixture[str]
) -> None:
    await http.world.pool.close()
    status, answer = await http.run("emergency_stop all", user=boss.id)
    assert (status, answer["error"]["code"]) == (503, "E-BUSY")
    assert answer["error"]["text"].startswith(BUSY)
    code, out, err = await http.cli(capsys, "admin", "emergency_stop", "--yes")
    assert (code, out) == (1, "")
    assert BUSY in err
    status, answer = await http.run("mode", user=boss.id)
    assert (status, BUSY in answer["error"]["text"]) == (503, False)
