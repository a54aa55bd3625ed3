"""No answer, text, error or copy of the core shows a key, and no object can be copied."""

import base64
import contextlib
import copy
import gc
import io
import json
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.fakes.keys_calls import KEK_KEY, KEY, PASSWORD, PHRASE, RANDOM, SECRET, calls, kek, ring
from tests.oracles import keys as oracle
from vanta import _core

SHOWN_ONLY_BY = {"unseal": SECRET}
"""The one call that hands a secret out, and the secret it hands out."""


def spellings(secret: bytes) -> list[bytes]:
    number = int.from_bytes(secret)
    return [
        secret,
        secret[::-1],
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret),
        str(number).encode(),
        repr(secret)[2:-1].encode(),
        repr(list(secret))[1:-1].encode(),
    ]


WATCHED = [
    spelling
    for secret in (KEY, KEK_KEY, SECRET, PASSWORD, PHRASE, KEY[:16], KEY[16:], KEK_KEY[:16])
    for spelling in spellings(secret)
    if len(spelling) > 12
]


def shown(text: bytes, but: bytes | None = None) -> list[bytes]:
    allowed = spellings(but) if but else []
    return [each for each in WATCHED if each in text and each not in allowed]


def texts(value: Any) -> Iterator[bytes]:
    """Everything a value shows: itself, its texts, its fields, what it refers to."""
    yield from (f"{value}".encode(), repr(value).encode(), f"{vars(type(value))}".encode())
    if isinstance(value, bytes):
        yield value
    if isinstance(value, np.ndarray):
        yield value.tobytes()
    if isinstance(value, tuple | list):
        for each in value:
            yield from texts(each)
    if type(value).__module__ == "vanta._core":
        for name in dir(value):
            if not name.startswith("__"):
                yield repr(getattr(value, name)).encode()
    yield from (repr(each).encode() for each in gc.get_referents(value))


@pytest.mark.parametrize("call", list(calls()))
def test_answers_show_no_secret(call: str) -> None:
    function, good = calls()[call]
    answer = function(**good)
    assert not shown(b"\n".join(texts(answer)), SHOWN_ONLY_BY.get(call))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, _core.Keyring):
        assert not shown(b"\n".join(texts(owner)))


@pytest.mark.parametrize("call", list(calls()))
def test_errors_and_tracebacks_show_no_secret(call: str) -> None:
    function, good = calls()[call]
    for name in good:
        # A secret where it does not belong: the text must name the argument, not repeat it.
        wrong: list[Any] = [
            KEY,
            KEY[:31],
            KEY + b"x",
            KEY.hex(),
            int.from_bytes(KEY),
            [KEY],
            PHRASE,
        ]
        wrong += [
            KEK_KEY.hex().encode() + b"!",
            SECRET * 3000,
            json.dumps({"key": KEY.hex()}).encode(),
        ]
        for value in wrong:
            try:
                function(**{**good, name: value})
            except Exception as error:
                told = traceback.TracebackException.from_exception(error, capture_locals=False)
                text = "".join(told.format()) + repr(error) + str(error.args)
                if isinstance(value, int):
                    # An integer argument repeats what is out of range, up to 40 digits.
                    assert len(str(error)) < 200
                assert not shown(text.encode()), f"{name}: {error}"


def test_rings_and_keys_show_a_count_or_a_name() -> None:
    keys, _ = ring()
    assert repr(keys) == str(keys) == "Keyring(1 keys)"
    assert repr(kek()) == "Kek(main, version 1)"
    record = keys.seal(0, kek=kek(), owner="u", purpose="p", entropy=RANDOM)
    said = _core.seal_info(record)
    assert repr(said) == "SealInfo(kek_id='main', kek_version=1, is_external=False)"


@pytest.mark.parametrize("made", [lambda: ring()[0], kek], ids=["Keyring", "Kek"])
def test_nothing_is_pickled_or_copied(made: Callable[[], Any]) -> None:
    holder = made()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(holder, protocol)
    for way in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickle"):
            way(holder)
    with pytest.raises(TypeError):
        json.dumps(holder)
    with pytest.raises(TypeError):
        memoryview(holder)
    with pytest.raises(TypeError):
        bytes(holder)
    with pytest.raises(AttributeError):
        holder.key = 1
    with pytest.raises(AttributeError):
        _ = holder.__dict__


def test_logs_show_no_secret() -> None:
    written = io.StringIO()
    log = logging.getLogger("keys-secrecy")
    log.propagate = False
    log.addHandler(logging.StreamHandler(written))
    keys, handle = ring()
    log.warning("%s %r %s", keys, kek(), handle)
    try:
        keys.add_keystore(PASSWORD, password=KEY)
    except _core.InvalidInput:
        log.exception("refused")
    assert "json is not a JSON object" in written.getvalue()
    assert not shown(written.getvalue().encode())


def test_the_collector_finds_no_bytes_of_a_created_key() -> None:
    """After `create`, nothing that Python was given shows the key; nor do the bytes it passed."""
    keys = _core.Keyring(seed=RANDOM)
    entropy = KEY + RANDOM
    handle, record, address = keys.create(entropy, kek=kek(), owner="u", purpose="p")
    back = keys.add_sealed(record, keks=[kek()], owner="u", purpose="p", address=address)
    keys.sign_digest(back, RANDOM)
    gc.collect()
    holders = []
    for found in gc.get_objects():
        with contextlib.suppress(Exception):
            if type(found).__module__ == "vanta._core":
                holders.append(found)
    seen = b"\n".join(text for found in [keys, record, address, *holders] for text in texts(found))
    made = oracle.new_key(entropy)
    assert not any(spelling in seen + entropy for spelling in spellings(made))
    assert keys.address(handle) == address == oracle.address(made)


def test_the_search_finds_what_it_looks_for() -> None:
    for secret in (KEY, KEK_KEY, SECRET):
        for spelling in spellings(secret):
            assert shown(b"..." + spelling + b"...")
