"""The ABI codec against eth_abi: random types and values, and bytes that nobody honest wrote."""

from typing import Any

import pytest
from eth_abi import abi as eth_abi
from eth_abi import packed as eth_packed
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vanta import _core

unhurried = settings(deadline=None)  # a busy machine is no failure

TABLE = _core.AbiTable()
EVENTS = [
    (name, hash_, name.count("indexed"))
    for kind, name, hash_, _, _ in TABLE.entries()
    if kind == "event"
]
ZERO = bytes(20)


def leaf_values(kind: str) -> st.SearchStrategy[Any]:
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        half = 2 ** (int(kind[3:]) - 1)
        return st.integers(-half, half - 1)
    if kind == "bool":
        return st.booleans()
    if kind == "address":
        return st.binary(min_size=20, max_size=20)
    if kind == "string":
        return st.text(max_size=40)
    if kind == "bytes":
        return st.binary(max_size=70)
    size = int(kind[5:])
    return st.binary(min_size=size, max_size=size)


bits = st.integers(1, 32).map(lambda size: size * 8)
leaves = st.one_of(
    bits.map("uint{}".format),
    bits.map("int{}".format),
    st.integers(1, 32).map("bytes{}".format),
    st.sampled_from(["bool", "address", "string", "bytes"]),
)
Typed = tuple[str, st.SearchStrategy[Any]]


def _tuple(members: list[Typed]) -> Typed:
    names = ",".join(name for name, _ in members)
    return f"({names})", st.tuples(*(values for _, values in members))


def _fixed(member: Typed, size: int) -> Typed:
    return f"{member[0]}[{size}]", st.lists(member[1], min_size=size, max_size=size)


def _array(member: Typed) -> Typed:
    return f"{member[0]}[]", st.lists(member[1], max_size=3)


typed: st.SearchStrategy[Typed] = st.recursive(
    leaves.map(lambda kind: (kind, leaf_values(kind))),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(_tuple),
        st.tuples(inner, st.integers(1, 3)).map(lambda both: _fixed(*both)),
        inner.map(_array),
    ),
    max_leaves=8,
)


@st.composite
def encodable(draw: st.DrawFn) -> tuple[list[str], tuple[Any, ...]]:
    items = draw(st.lists(typed, max_size=3))
    return [kind for kind, _ in items], tuple(draw(values) for _, values in items)


def plain(value: Any) -> Any:
    """eth_abi writes addresses as text and arrays as tuples; compare without either."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return bytes.fromhex(value[2:])
    return value


@unhurried
@given(encodable())
def test_any_value_is_encoded_as_by_eth_abi(item: tuple[list[str], tuple[Any, ...]]) -> None:
    kinds, values = item
    data = _core.abi_encode(kinds, values)
    assert data == eth_abi.encode(kinds, values)
    assert _core.abi_decode(kinds, data) == values
    assert plain(_core.abi_decode(kinds, data)) == plain(eth_abi.decode(kinds, data))


@unhurried
@given(encodable(), st.data())
def test_any_log_of_any_event_comes_back(
    item: tuple[list[str], tuple[Any, ...]], data: st.DataObject
) -> None:
    kinds, values = item
    indexed = [data.draw(st.booleans()) for _ in kinds]
    assume(sum(indexed) <= 3)
    fields = [
        f"{kind} {'indexed ' if topic else ''}f{index}"
        for index, (kind, topic) in enumerate(zip(kinds, indexed, strict=True))
    ]
    table = _core.AbiTable([f"v9 event E({', '.join(fields)})"])
    topics, rest = table.encode_log(f"E({','.join(kinds)})", values)
    [event] = table.decode_logs([(ZERO, topics, rest)])
    assert event is not None
    assert (event.name, event.version, event.doubtful) == ("E", "v9", False)
    assert list(event.fields) == [f"f{index}" for index in range(len(kinds))]
    for kind, value, topic, found in zip(
        kinds, values, indexed, event.fields.values(), strict=True
    ):
        if topic and kind in ("string", "bytes"):
            raw = value.encode() if kind == "string" else value
            assert found == _core.keccak256(raw)
        elif topic and kind.endswith(("]", ")")):
            assert len(found) == 32
        else:
            positional = list(found.values()) if isinstance(found, dict) else found
            assert plain(_unnamed(positional)) == plain(value)


def _unnamed(value: Any) -> Any:
    if isinstance(value, dict):
        return [_unnamed(item) for item in value.values()]
    return [_unnamed(item) for item in value] if isinstance(value, list) else value


packable = st.one_of(
    leaves.map(lambda kind: (kind, leaf_values(kind))),
    leaves.filter(lambda kind: kind not in ("string", "bytes")).map(
        lambda kind: _array((kind, leaf_values(kind)))
    ),
)


@unhurried
@given(st.lists(packable, max_size=4), st.data())
def test_packed_is_as_by_eth_abi(items: list[Typed], data: st.DataObject) -> None:
    """Elements of arrays are whole words in Solidity; eth_abi's packing leaves them short."""
    kinds = [kind for kind, _ in items]
    values = [data.draw(each) for _, each in items]
    wanted = b""
    for kind, item in zip(kinds, values, strict=True):
        if kind.endswith("[]"):
            wanted += b"".join(eth_abi.encode([kind[:-2]], [element]) for element in item)
        else:
            wanted += eth_packed.encode_packed([kind], [item])
    assert _core.abi_encode_packed(kinds, values) == wanted


@unhurried
@given(encodable(), st.data())
def test_bytes_that_were_tampered_with(
    item: tuple[list[str], tuple[Any, ...]], data: st.DataObject
) -> None:
    """Refused, or other values that encode to exactly these bytes; quickly in any case."""
    kinds, values = item
    raw = bytearray(_core.abi_encode(kinds, values))
    for _ in range(data.draw(st.integers(1, 3))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    tampered = bytes(raw[: data.draw(st.integers(0, len(raw)))]) + data.draw(st.binary(max_size=64))
    try:
        found = _core.abi_decode(kinds, tampered)
    except _core.AbiError:
        return
    assert _core.abi_encode(kinds, found) == tampered


@unhurried
@given(
    st.sampled_from(EVENTS), st.lists(st.binary(min_size=32, max_size=32), max_size=4), st.data()
)
def test_foreign_logs_are_events_or_none(
    event: tuple[str, bytes, int], topics: list[bytes], data: st.DataObject
) -> None:
    small = st.integers(0, 2**64).map(lambda number: number.to_bytes(32))
    words = st.lists(st.one_of(small, st.binary(min_size=32, max_size=32)), max_size=30)
    raw = data.draw(st.one_of(st.binary(max_size=700), words.map(b"".join)))
    for log_topics in ([event[1], *topics], topics):
        [found] = TABLE.decode_logs([(ZERO, log_topics, raw)])
        if found is not None:
            assert found.signature == event[0]


@unhurried
@given(st.binary(max_size=400), st.sampled_from(TABLE.entries()))
def test_any_calldata_is_a_call_unknown_or_refused(
    raw: bytes, entry: tuple[str, str, bytes, str, bool]
) -> None:
    assert TABLE.decode_call(raw[:3]) is None
    try:
        found = TABLE.decode_call(entry[2][:4] + raw)
    except _core.AbiError:
        return
    if found is not None:
        assert TABLE.encode_call(*found) == entry[2][:4] + raw


@unhurried
@given(st.text(max_size=70), st.binary(max_size=40))
def test_the_text_of_a_revert_is_read(text: str, behind: bytes) -> None:
    data = _core.selector("Error(string)") + eth_abi.encode(["string"], [text])
    assert TABLE.decode_error(data) == ("Error(string)", (text,))
    assert TABLE.decode_error(data + behind) == ("Error(string)", (text,))
    short = data[: 4 + 64 + len(text.encode())]
    assert TABLE.decode_error(short) == ("Error(string)", (text,))
    assert TABLE.decode_error(short[:-1]) is None


@unhurried
@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
def test_a_panic_and_an_error_of_ones_own(one: int, other: int) -> None:
    panic = _core.selector("Panic(uint256)") + eth_abi.encode(["uint256"], [one])
    assert TABLE.decode_error(panic) == ("Panic(uint256)", (one,))
    table = _core.AbiTable(["v2 error Late(uint256 now, uint256 deadline)"])
    data = _core.selector("Late(uint256,uint256)") + eth_abi.encode(["uint256"] * 2, [one, other])
    assert table.decode_error(data) == ("Late(uint256,uint256)", (one, other))
    assert table.decode_error(data[:-1]) is None
    assert TABLE.decode_error(data) is None
    assert table.decode_call(data) is None


def word(number: int) -> bytes:
    return number.to_bytes(32)


@pytest.mark.parametrize("claimed", [2**31, 2**62, 2**64 - 1, 2**64, 2**256 - 1])
@pytest.mark.parametrize("kind", ["bytes", "uint8[]", "(bytes,bool[])[][]", "string[3]"])
def test_a_huge_claim_costs_nothing(kind: str, claimed: int) -> None:
    for data in (word(32) + word(claimed), word(claimed), word(32) * 3 + word(claimed)):
        with pytest.raises(_core.AbiError):
            _core.abi_decode([kind], data)


def test_tails_that_are_shared_are_not_multiplied() -> None:
    """1,000 elements that point at 1,000 that point at 1,000: a billion from 96 kB.

    Refused at the first pointer to a tail that was read, the second of the innermost level.
    """
    level = word(1_000) + word(1_000 * 32) * 1_000
    data = word(32) + level * 3 + word(0)
    with pytest.raises(_core.AbiError, match="points to 32000 at 64160, not to 32032"):
        _core.abi_decode(["uint256[][][][]"], data)


def test_a_type_that_repeats_without_end() -> None:
    for kind in ("(" * 10**6, "bool" + "[]" * 10**6, "bool" + "[9999999999]" * 5, "()[]"):
        with pytest.raises(_core.AbiError):
            _core.abi_decode([kind], bytes(3_200))


@given(
    st.binary(max_size=200),
    st.binary(min_size=32, max_size=32),
    st.integers(1, 32),
    st.integers(0, 2**256 - 1),
)
def test_the_builders_mark(call: bytes, code: bytes, width: int, rate: int) -> None:
    rate %= 256**width
    marked = _core.append_builder_code(call, code=code, rate=rate, rate_bytes=width)
    assert marked == call + code + rate.to_bytes(width) + bytes.fromhex("9481c2bc")
    assert _core.split_builder_code(marked, rate_bytes=width) == (call, code, rate)
    if not call.endswith(bytes.fromhex("9481c2bc")):
        assert _core.split_builder_code(call, rate_bytes=width) is None
