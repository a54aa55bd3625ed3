"""Master keys as text: what is read, what is refused, and that neither shows."""

import base64

import pytest

from vanta.domain.errors import ConfigError
from vanta.domain.master_key import fingerprint, format_key, key_id, new_key, parse_keys

ONE, TWO = bytes(range(32)), bytes(range(32, 64))
NAME = "VANTA_MASTER_KEY"


@pytest.mark.parametrize(
    "text",
    [
        f"{format_key(ONE)},{format_key(TWO)}",
        f"{format_key(ONE)}\n{format_key(TWO)}\n",
        f"# the new one\n{format_key(ONE)}  # since May\n\n  {format_key(TWO)}",
    ],
)
def test_several_keys_the_newest_first(text: str) -> None:
    assert parse_keys(text, name=NAME) == (ONE, TWO)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "# only words",
        "short",
        "no",
        "0",
        "-1",
        format_key(ONE)[:-1],
        base64.b64encode(ONE[:31]).decode(),
        base64.b64encode(ONE + b"x").decode(),
        base64.b64encode(bytes(32)).decode(),
        base64.b64encode(b"\xff" * 32).decode(),
        ONE.hex(),
        format_key(ONE).replace("A", "!"),
        format_key(ONE) + " " + format_key(TWO)[1:],
        format_key(ONE) + "," + format_key(ONE),
        ",".join(format_key(bytes([n, *range(31)])) for n in range(17)),
        "ключ",
    ],
)
def test_what_is_no_key_is_named_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_keys(text, name=NAME)
    said = str(raised.value)
    assert NAME in said
    assert not [word for word in text.split() if len(word) > 8 and word in said]


def test_a_name_tells_nothing_of_its_key() -> None:
    names = {key_id(ONE), key_id(TWO), key_id(ONE[:-1] + b"\x1e")}
    assert len(names) == 3
    assert all(len(name) == 16 and int(name, 16) for name in names)
    assert key_id(ONE) not in ONE.hex()
    assert len(new_key()) == 32
    assert new_key() != new_key()


def test_a_fingerprint_is_of_one_secret_one_subject_and_one_pepper() -> None:
    made = {
        fingerprint(ONE, b"secret", b"key"),
        fingerprint(TWO, b"secret", b"key"),
        fingerprint(ONE, b"secret2", b"key"),
        fingerprint(ONE, b"secret", b"key2"),
        fingerprint(ONE, b"ysecret", b"ke"),
    }
    assert len(made) == 5
    assert fingerprint(ONE, b"secret", b"key") in made
