"""`vanta signal`: what goes out is what an outside client of the standard accepts."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.fakes.http_stub import Stub, http_stub
from tests.unit.test_cli_exits import Home
from vanta.cli import main

DEMO_SECRET = "whsec_" + "QUJD" * 11  # pragma: allowlist secret
OTHER_SECRET = "whsec_" + "REVG" * 11  # pragma: allowlist secret
WISH = ("--market=BTC", "--side=long", "--leverage=10x", "--collateral=100")
SEND = ("signal", "send", *WISH)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    receipt = {"id": "sig_1", "status": "accepted", "stages": [{"stage": "received", "at": "x"}]}
    with http_stub(Stub(status=202, body=receipt)) as stub:
        yield Home(tmp_path, stub)


def verified(home: Home, secret: str) -> dict[str, object]:
    seen = home.stub.seen[-1]
    assert (seen.method, seen.target) == ("POST", "/v1/signals")
    parsed = Webhook(secret).verify(seen.body, seen.headers)
    assert isinstance(parsed, dict)
    return parsed


def test_demo_credentials_come_from_the_instance(home: Home) -> None:
    assert home.run(*SEND) == 0
    assert verified(home, DEMO_SECRET) == {
        "action": "open",
        "market": "BTC",
        "side": "long",
        "leverage": "10",
        "collateral": "100",
    }
    assert home.stub.seen[0].headers["vanta-key-id"] == "demo-key"
    assert "authorization" not in home.stub.seen[0].headers


def test_secret_of_the_environment_goes_with_the_given_key(home: Home) -> None:
    home.environ["VANTA_PROVIDER_SECRET"] = OTHER_SECRET
    assert home.run(*SEND, "--key-id", "mine") == 0
    verified(home, OTHER_SECRET)
    assert home.stub.seen[0].headers["vanta-key-id"] == "mine"


def test_secret_from_stdin(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(OTHER_SECRET + "\n"))
    assert home.run(*SEND, "--key-id", "mine", "--secret-stdin") == 0
    verified(home, OTHER_SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_QUJD", "not base64 at all"])
def test_unusable_secret_is_told_without_showing_it(
    home: Home, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home.environ["VANTA_PROVIDER_SECRET"] = secret
    assert home.run(*SEND, "--key-id", "mine") == 4
    told = capsys.readouterr()
    assert home.stub.seen == []
    if len(secret) > len("whsec_"):
        assert secret not in told.out + told.err


def test_the_demo_secret_is_not_used_for_another_key(home: Home) -> None:
    assert home.run(*SEND, "--key-id", "mine") == 4
    assert home.stub.seen == []


def test_the_same_id_is_sent_as_given(home: Home) -> None:
    home.stub.status = 200
    assert home.run(*SEND, "--id", "sig_fixed_0001") == 0
    assert home.stub.seen[0].headers["webhook-id"] == "sig_fixed_0001"


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [
        (400, "E-ARG", 2),
        (400, "E-SYM", 3),
        (401, "E-AUTH", 4),
        (403, "E-ROLE", 5),
        (409, "E-DUP", 5),
        (410, "E-AUTH", 5),
        (413, "E-ARG", 2),
        (422, "E-STALE", 5),
        (429, "E-RATE", 5),
        (503, "E-BUSY", 1),
    ],
)
def test_answers_become_exit_codes(
    home: Home, status: int, code: str, exit_code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.status, home.stub.body = status, {"error": {"code": code, "text": "why"}}
    assert home.run(*SEND) == exit_code
    assert f"[{code}]" in capsys.readouterr().err


def test_lost_answer_names_the_id_that_asks_again(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.stub.cut = True
    assert home.run(*SEND, "--id", "sig_fixed_0001") == 7
    assert "--id sig_fixed_0001" in capsys.readouterr().err


def test_reduce_takes_a_share(home: Home) -> None:
    assert home.run("signal", "send", "--action=reduce", "--market=BTC", "--portion=50") == 0
    assert verified(home, DEMO_SECRET) == {"action": "reduce", "market": "BTC", "size": "50%"}


def test_show_asks_for_the_demo_provider(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.stub.status = 200
    assert home.run("signal", "show", "sig_fixed_0001") == 0
    assert home.stub.seen[0].target == "/api/v1/signals/7/sig_fixed_0001"
    assert "accepted" in capsys.readouterr().out


def test_no_secret_option_exists(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SEND, "--secret", DEMO_SECRET], {}) == 2
