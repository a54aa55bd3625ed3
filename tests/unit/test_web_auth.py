"""Who gets in: the token, and the name we were called by."""

import pytest
from aiohttp.test_utils import make_mocked_request

from vanta.web.answers import ApiError
from vanta.web.auth import is_loopback, require_own_name, require_token

TOKEN = "operator-token-of-the-tests"


def test_right_token() -> None:
    for scheme in ("Bearer", "bearer"):
        request = make_mocked_request("GET", "/", headers={"Authorization": f"{scheme} {TOKEN}"})
        require_token(request, TOKEN)


@pytest.mark.parametrize(
    "value",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x",
     f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}", "Bearer té", f"Bearer x {TOKEN}"],
)  # fmt: skip
def test_any_other_token_gets_the_same_answer(value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    with pytest.raises(ApiError) as caught:
        require_token(make_mocked_request("GET", "/", headers=headers), TOKEN)
    assert caught.value.status == 401
    assert caught.value.value is None
    assert TOKEN not in caught.value.text


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "[::1]:8080", "[::1]"]
)
def test_own_names(host: str) -> None:
    require_own_name(make_mocked_request("GET", "/", headers={"Host": host}))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "",
     "localhost@evil.example", "10.0.0.1", "0.0.0.0:8080", "[::]:8080", "127.0.0.1:80:80"],
)  # fmt: skip
def test_foreign_names(host: str) -> None:
    with pytest.raises(ApiError) as caught:
        require_own_name(make_mocked_request("GET", "/", headers={"Host": host}))
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("::1", True),
     ("[::1]", True), ("0.0.0.0", False), ("::", False), ("10.1.2.3", False), ("vanta", False)],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
