"""Keyed digests, keys made of passwords, wallets of others, phrases and signed webhooks."""

import base64
import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from tests.oracles import base58
from tests.oracles.symmetric import aes_ctr, ecies_open
from tests.vectors.files import Family, Row
from vanta import _core
from vanta.domain.webhook_signature import parse_secret

RING = _core.Keyring(seed=bytes(range(32)))
LOCALES = frozenset({"cz", "en", "es", "fr", "it", "ja", "ko", "pt", "zh_cn", "zh_tw"})
XPUB, XPRIV = bytes.fromhex("0488b21e"), bytes.fromhex("0488ade4")


def _hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _named(rows: Any) -> Iterable[Row]:
    return [(f"{index} {row.get('name', '')}", row) for index, row in enumerate(rows)]


def _keyed(content: Any) -> Iterable[Row]:
    return list(content.items())


def check_hmac(row: Any) -> None:
    got = _core.hmac_digest(row["algorithm"], key=_hex(row["key"]), data=_hex(row["data"]))
    assert got == _hex(row["hmac"]), got.hex()


def check_rfc4231(row: Any) -> None:
    kinds = [name for name in row if name.startswith("hmac_")]
    assert kinds, "no digest in this case"
    bits = row.get("truncated_to_bits")
    for name in kinds:
        got = _core.hmac_digest(
            name.removeprefix("hmac_"), key=_hex(row["key_hex"]), data=_hex(row["data_hex"])
        )
        assert got[: bits // 8 if bits else None] == _hex(row[name]), name


def check_kdf(row: Any) -> None:
    given: dict[str, Any] = {
        "password": _hex(row["password"]),
        "salt": _hex(row["salt"]),
        "length": int(row["dkLen"]),
    }
    kinds = {"pbkdf2", "scrypt"} & set(row)
    assert kinds, "no function in this row"
    if "pbkdf2" in row:
        of = row["pbkdf2"]
        name = f"pbkdf2-{of['algorithm']}"
        got = _core.derive_key(name, **given, iterations=int(of["iterations"]))
        assert got == _hex(of["key"]), name
    if "scrypt" in row:
        of = row["scrypt"]
        got = _core.derive_key("scrypt", **given, n=int(of["N"]), r=int(of["r"]), p=int(of["p"]))
        assert got == _hex(of["key"]), "scrypt"


def check_wallet(row: Any) -> None:
    if row["type"] not in {"keystore", "crowdsale"}:
        raise LookupError(f"unknown type {row['type']}")
    content = row["content"] if isinstance(row["content"], str) else json.dumps(row["content"])
    handle = RING.add_keystore(content.encode(), password=_hex(row["password"]))
    assert RING.address(handle) == _hex(row["address"])
    if "privateKey" in row:
        assert RING.address(RING.add(_hex(row["privateKey"]))) == RING.address(handle)
    RING.forget(handle)


def check_keystore(row: Any) -> None:
    content = json.dumps(row["json"]).encode()
    handle = RING.add_keystore(content, password=row["password"].encode())
    digest = bytes(range(32))
    assert RING.sign_digest(handle, digest) == RING.sign_digest(RING.add(_hex(row["priv"])), digest)


def check_mnemonic(row: Any) -> None:
    if row["locale"] not in LOCALES:
        raise LookupError(f"unknown locale {row['locale']}")
    phrase, passphrase = _hex(row["phrase"]), _hex(row["password"])
    salt = "mnemonic" + unicodedata.normalize("NFKD", passphrase.decode())
    seed = _core.derive_key(
        "pbkdf2-sha512",
        password=unicodedata.normalize("NFKD", phrase.decode()).encode(),
        salt=salt.encode(),
        length=64,
        iterations=2048,
    )
    assert seed == _hex(row["seed"]), "seed"
    assert row["nodes"], "no nodes"
    for node in row["nodes"]:
        check_node(node, phrase, passphrase)


def check_node(node: Any, phrase: bytes, passphrase: bytes) -> None:
    path = node["path"]
    got = RING.mnemonic_node(phrase, path=path, passphrase=passphrase)
    depth, index, parent, fingerprint, chain_code, public_key = got
    assert (depth, index) == (node["depth"], node["index"]), path
    assert parent == _hex(node["parentFingerprint"]), path
    assert fingerprint == _hex(node["fingerprint"]), path
    assert chain_code == _hex(node["chainCode"]), path
    assert public_key == _hex(node["publicKey"]), path
    handle = RING.add_mnemonic(phrase, path=path, passphrase=passphrase)
    secret = _hex(node["privateKey"])
    assert RING.address(handle) == RING.address(RING.add(secret)), path
    place = bytes([depth]) + parent + index.to_bytes(4) + chain_code
    assert base58.encode(XPUB + place + public_key) == node["xpub"], path
    assert base58.encode(XPRIV + place + b"\0" + secret) == node["xpriv"], path
    RING.forget(handle)


def check_foreign(row: Any) -> None:
    """Schemes Vanta does not speak: opened by an oracle, with the core's digests where it can."""
    key, sealed = _hex(row["key"]), _hex(row["cipher"])
    match row["decryption_type"]:
        case "aes_ctr":
            got = aes_ctr(key, bytes(16), sealed)
        case "ecies_sec1_altered":
            got = ecies_open(
                key,
                sealed,
                sha256=lambda data: _core.hash_bytes("sha256", data),
                hmac_sha256=lambda key, data: _core.hmac_digest("sha256", key=key, data=data),
            )
        case unknown:
            raise LookupError(f"unknown decryption_type {unknown}")
    assert got == _hex(row["payload"]), got.hex()


def check_webhook(row: Any) -> None:
    given = {
        "id": row["id"].encode(),
        "timestamp": str(row["timestamp"]).encode(),
        "body": row["payload"].encode(),
        "signature": row["signature_header"].encode(),
    }
    secret = parse_secret(row["secret"])
    wanted = 0 if row["valid"] else -1
    assert _core.standard_webhook_verify(**given, secrets=[secret]) == wanted
    other = base64.b64encode(secret)
    many = {name: [value, value] for name, value in given.items()}
    got = _core.standard_webhook_verify_batch(**many, secrets=[other, secret])
    assert got.tolist() == [1 if row["valid"] else -1] * 2


def _file(name: str) -> str:
    return rf"{name}([.\-_].*)?\.json(\.gz)?"


FAMILIES = (
    Family(_file("hmac"), _named, check_hmac),
    Family(_file("rfc4231_hmac"), _named, check_rfc4231),
    Family(_file("pbkdf2?"), _named, check_kdf),
    Family(_file("wallets"), _named, check_wallet),
    Family(_file("mnemonics"), _named, check_mnemonic),
    Family(_file("(basic_tests|keystore)"), _keyed, check_keystore),
    Family(_file("crypto"), _keyed, check_foreign),
    Family(
        _file("standard[_-]webhooks"), lambda content: _named(content["vectors"]), check_webhook
    ),
)
