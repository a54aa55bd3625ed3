"""Secrets put where an instance uses them, in every spelling they could turn up in elsewhere."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import asyncpg


def spellings(secret: bytes) -> Iterator[bytes]:
    """Yield raw, hex, escaped and base64 forms; base64 also as part of a longer text."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield repr(secret)[2:-1].encode()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret)
        whole = text[-(-before * 8 // 6) : len(text) - 4]  # what the neighbours do not change
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


class Planted:
    """Secrets by name, and where they were found."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._secrets = dict(secrets)

    def add(self, name: str, secret: bytes | str) -> None:
        self._secrets[name] = secret.encode() if isinstance(secret, str) else secret

    def found(self, places: Mapping[str, bytes]) -> list[str]:
        """Return `secret in place` for each that shows."""
        forms = {
            name: re.compile(b"|".join(re.escape(s) for s in set(spellings(secret))))
            for name, secret in self._secrets.items()
        }
        return [
            f"{name} in {place}"
            for place, text in places.items()
            for name, form in forms.items()
            if form.search(text)
        ]


async def dump(dsn: str) -> dict[str, bytes]:
    """Return the content of every table, sealed columns too: nothing may show anywhere."""
    conn = await asyncpg.connect(dsn)
    try:
        tables = await conn.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'"
        )
        found = {}
        for (table,) in tables:
            rows = await conn.fetch(f"SELECT * FROM {table}")
            values = [_bytes(value) for row in rows for value in row.values()]
            found[f"table {table}"] = b"\n".join(values)
        return found
    finally:
        await conn.close()


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return b"\n".join(_bytes(each) for each in value)
    return str(value).encode()
