"""What typed data is signed, what is refused, and where the refusal points."""

import json
from typing import Any

import pytest

from tests.oracles import typed_data as oracle
from vanta import _core

DOMAIN = {"name": "Notes", "version": "1", "chainId": 1}
CHECKSUMMED = "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"


def document(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "types": {"Note": [{"name": "x", "type": kind}]},
        "domain": DOMAIN,
        "primaryType": "Note",
        "message": {"x": value},
        **more,
    }


def digest(data: dict[str, Any]) -> bytes:
    return _core.typed_data_digest(json.dumps(data))


def refuse(text: str | bytes, said: str) -> None:
    with pytest.raises(_core.InvalidInput) as raised:
        _core.typed_data_digest(text)
    assert str(raised.value) == f"data {said}"


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("uint8", [255, "255", "0xff", "0xFF", "0x00ff", "00255"]),
        ("uint256", [2**256 - 1, str(2**256 - 1), hex(2**256 - 1)]),
        ("int8", [-128, "-128"]),
        ("int256", [-(2**255), str(-(2**255))]),
        ("int16", [0, "0", "-0", "0x0"]),
        ("address", [CHECKSUMMED, CHECKSUMMED.lower(), "0x" + CHECKSUMMED[2:].upper()]),
        ("bytes", ["0xabCD", "0xABcd"]),
    ],
)
def test_spellings_of_one_value_are_one_digest(kind: str, spellings: list[Any]) -> None:
    expected = oracle.digest(document(kind, spellings[0]))
    for spelling in spellings:
        assert digest(document(kind, spelling)) == expected


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (
            "uint8",
            [256, -1, "256", "0x100", 1.0, "1.0", "1e2", " 1", "+1", "0x", "-0x1", "", "1_0"],
        ),
        ("uint8", [True, None, [], {}, "٣", "9" * 79, "0x" + "0" * 65, 10**400]),
        ("int8", [128, -129, "128", "-129", "--1", "-"]),
        ("uint256", [2**256, str(2**256), -1]),
        ("int256", [2**255, -(2**255) - 1]),
        ("bool", [0, 1, "true", "false", None, ""]),
        ("string", [1, None, ["a"], True]),
        ("bytes", ["0x1", "0xgg", "ab", "", None, [1, 2], 1, "0x0xab", "0XAB"]),
        ("bytes4", ["0x010203", "0x0102030405", "0x", 1, None]),
        ("bytes32", ["0x" + "00" * 31, "0x" + "00" * 33]),
        ("address", ["0x" + "00" * 19, "0x" + "00" * 21, CHECKSUMMED[2:], 0, None]),
        ("address", [CHECKSUMMED.replace("CD2a", "Cd2a"), "0x" + "g" * 40]),
        ("uint8[]", [None, {}, "12", 1, [256]]),
        ("uint8[2]", [[], [1], [1, 2, 3]]),
        ("Note", [1, "x", [], {}]),
    ],
)
def test_a_value_of_another_type_is_refused_at_its_place(kind: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(_core.InvalidInput, match=r"^data message\.x"):
            digest(document(kind, value))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("uint", "types.Note.x is of the malformed type uint"),
        ("uint7", "uint7"),
        ("uint264", "uint264"),
        ("uint08", "uint08"),
        ("bytes0", "bytes0"),
        ("bytes33", "bytes33"),
        ("Other", "types.Note.x is of the unknown type Other"),
        ("uint8[", "malformed"),
        ("uint8]", "malformed"),
        ("uint8[-1]", "malformed"),
        ("uint8[01]", "malformed"),
        ("uint8[1]x", "malformed"),
        ("uint8[99999999999999999999]", "malformed"),
        ("uint8" + "[]" * 33, "more than 32 dimensions"),
        ("", "malformed"),
        ("uint8 y,uint8", "malformed"),
    ],
)
def test_a_malformed_type_is_refused(kind: str, said: str) -> None:
    with pytest.raises(_core.InvalidInput, match=r"^data types\.Note\.x ") as raised:
        digest(document(kind, 0))
    assert said in str(raised.value)


@pytest.mark.parametrize("name", ["", "1x", "a b", "a,uint8 b", "a(", "é", "a)", "a\n"])
def test_names_cannot_pose_as_types(name: str) -> None:
    data = document("uint8", 0, types={"Note": [{"name": name, "type": "uint8"}]})
    with pytest.raises(_core.InvalidInput, match="is no name of a field"):
        digest(data | {"message": {name: 0}})
    with pytest.raises(_core.InvalidInput, match="is no name of a struct"):
        digest(data | {"types": {name: []}, "primaryType": name, "message": {}})


def test_a_struct_cannot_be_called_like_a_type() -> None:
    for name in ("uint256", "bytes32", "string", "bool", "uint", "int7", "bytes33"):
        data = document("uint8", 0, types={name: []}, primaryType=name, message={})
        with pytest.raises(_core.InvalidInput, match="is no name of a struct"):
            digest(data)


def test_a_name_with_a_colon_is_one() -> None:
    data = document("uint8", 0, types={"App:Send": [{"name": "x", "type": "uint8"}]})
    data["primaryType"] = "App:Send"
    assert digest(data) == oracle.digest(data)


def test_types_may_hold_themselves() -> None:
    node = [{"name": "value", "type": "uint8"}, {"name": "next", "type": "Node"}]
    tree = [{"name": "value", "type": "int8"}, {"name": "below", "type": "Tree[]"}]
    data = document("Node", {"value": 1, "next": {"value": 2, "next": None}})
    data["types"] |= {"Node": node, "Tree": tree}
    assert digest(data) == oracle.digest(data)
    data = document("Tree", {"value": 1, "below": [{"value": -2, "below": []}]})
    data["types"] |= {"Tree": tree}
    assert digest(data) == oracle.digest(data)
    # Two that hold each other, and the order of their names in the type string.
    a, b = [{"name": "b", "type": "B"}], [{"name": "a", "type": "A[]"}]
    data = document("B", {"a": [{"b": None}]})
    data["types"] |= {"A": a, "B": b}
    assert digest(data) == oracle.digest(data)


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> dict[str, Any]:
        value: Any = None
        for _ in range(depth):
            value = {"next": value}
        data = document("Node", value)
        data["types"]["Node"] = [{"name": "next", "type": "Node"}]
        return data

    assert digest(nested(31)) == oracle.digest(nested(31))
    with pytest.raises(_core.InvalidInput, match=r"^data message\.x\.next\.next"):
        digest(nested(32))
    with pytest.raises(_core.InvalidInput, match="data "):
        digest(nested(900))
    deep = "[" * 100_000 + "]" * 100_000
    refuse(
        json.dumps(document("uint8", 0)).replace('"x": 0', f'"x": {deep}'), "message.x is no uint8"
    )
    refuse("[" * 500_000, "is not JSON at line 1 column 500000")


def test_sizes_are_bounded() -> None:
    text = json.dumps(document("string", ""))
    room = 2**20 - len(text)
    full = text.replace('"x": ""', f'"x": "{"a" * room}"')
    assert _core.typed_data_digest(full) == oracle.digest(json.loads(full))
    refuse(full + " ", f"has {2**20 + 1} bytes, at most {2**20}")
    many = {f"S{n}": [] for n in range(128)}
    data = document("uint8", 0)
    with pytest.raises(_core.InvalidInput, match="has 129 structs, at most 128"):
        digest(data | {"types": many | data["types"]})
    wide = [{"name": f"x{n}", "type": "bool"} for n in range(257)]
    with pytest.raises(_core.InvalidInput, match="has 257 fields, at most 256"):
        digest(data | {"types": {"Note": wide}})
    long = [{"name": "x", "type": "Y" * 70_000}]
    with pytest.raises(_core.InvalidInput, match="bytes, at most 65536"):
        digest(data | {"types": {"Note": long}})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"message": {}}, "message.x is missing"),
        ({"message": {"x": 0, "y": 1}}, "message.y is no field of Note"),
        ({"message": None}, "message is no object"),
        ({"message": []}, "message is no object"),
        ({"primaryType": "Other"}, "message is of the unknown type Other"),
        ({"primaryType": "uint8"}, "message is of the unknown type uint8"),
        ({"primaryType": "EIP712Domain"}, "primaryType is the domain, which is no message"),
        ({"primaryType": 1}, "primaryType is no text"),
        ({"domain": None}, "domain is no object"),
        ({"domain": {"owner": "x"}}, "types.EIP712Domain.owner is no field of a domain"),
        ({"domain": {"name": None}}, "domain.name is no text"),
        ({"domain": {"chainId": -1}}, "domain.chainId is no uint256"),
        ({"types": {}}, "message is of the unknown type Note"),
        ({"types": []}, "types is no object"),
        ({"types": {"Note": {}}}, "types.Note is no array"),
        ({"types": {"Note": [{"name": "x"}]}}, "types.Note has a field without type"),
        (
            {"types": {"Note": [{"name": 1, "type": "bool"}]}},
            "types.Note has a field whose name is no text",
        ),
        (
            {"types": {"Note": [{"name": "x", "type": "bool", "indexed": True}]}},
            "types.Note.x says more than name and type",
        ),
        (
            {"types": {"Note": [{"name": "x", "type": "bool"}, {"name": "x", "type": "bool"}]}},
            "types.Note.x is declared twice",
        ),
        ({"extra": 1}, "has the unknown part extra"),
    ],
)
def test_every_part_must_be_there_and_signed(change: dict[str, Any], said: str) -> None:
    refuse(json.dumps(document("uint8", 0, **change)), said)


@pytest.mark.parametrize("part", ["types", "domain", "primaryType", "message"])
def test_a_missing_part_is_named(part: str) -> None:
    refuse(
        json.dumps({k: v for k, v in document("uint8", 0).items() if k != part}), f"lacks {part}"
    )


def test_a_name_given_twice_is_refused() -> None:
    text = json.dumps(document("uint8", 0))
    refuse(
        text.replace('"x": 0', '"x": 0, "x": 1'),
        "message has a name twice or a name that is no text",
    )
    refuse(
        text.replace('"chainId": 1', '"chainId": 1, "chainId": 2'),
        "domain has a name twice or a name that is no text",
    )
    refuse(
        text[:-1] + ', "message": {"x": 1}}',
        "has a name twice or a name that is no text at the top",
    )


def test_text_is_what_its_json_says() -> None:
    for value in ("é🚀", "\x00\x1f", '"\\/', "\u2028", "a\u0301"):
        assert digest(document("string", value)) == oracle.digest(document("string", value))
    text = json.dumps(document("string", ""))
    refuse(text.replace('"x": ""', '"x": "\\ud800"'), "message.x is no text")
    refuse(b"\xff", "is not UTF-8")
    refuse("\ufeff" + text, "is not JSON at line 1 column 1")
    refuse(text + "{}", f"is not JSON at line 1 column {len(text) + 1}")
    refuse("", "is not JSON at line 1 column 0")


def test_a_declared_domain_gives_the_order_and_must_fit() -> None:
    kinds = oracle.DOMAIN
    declared = [{"name": n, "type": kinds[n]} for n in ("chainId", "name", "version")]
    data = document("uint8", 0)
    data["types"]["EIP712Domain"] = declared
    assert digest(data) == oracle.digest(data) != digest(document("uint8", 0))
    data["types"]["EIP712Domain"] = declared[:2]
    refuse(json.dumps(data), "types.EIP712Domain does not declare the domain's version")
    data["types"]["EIP712Domain"] = [*declared, {"name": "salt", "type": "bytes32"}]
    refuse(json.dumps(data), "domain.salt is missing")
    data["types"]["EIP712Domain"] = [{"name": "chainId", "type": "uint64"}]
    refuse(json.dumps(data), "types.EIP712Domain.chainId is no field of a domain")
    for domain in ({}, {"salt": "0x" + "ab" * 32}):
        assert digest(document("uint8", 0, domain=domain)) == oracle.digest(
            document("uint8", 0, domain=domain)
        )
