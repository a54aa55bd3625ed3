"""The JSON-RPC client against a real HTTP server that misbehaves."""

import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.rpc import FakeRpc, Proxy
from vanta.evm.rpc import (
    Reply,
    Rpc,
    RpcBadReplyError,
    RpcBusyError,
    RpcError,
    RpcTimeoutError,
    RpcUnreachableError,
)

HEAD = ("eth_getBlockByNumber", ["latest", False])
DEAD = "http://127.0.0.1:9/v1/secretpath"  # the discard port: nobody listens


@contextlib.asynccontextmanager
async def client(
    *nodes: FakeRpc, dead: int = 0, **options: object
) -> AsyncIterator[tuple[Rpc, ManualClock]]:
    clock = ManualClock()
    async with contextlib.AsyncExitStack() as stack:
        urls = [DEAD] * dead
        urls += [await stack.enter_async_context(node.serve()) for node in nodes]
        rpc = Rpc(urls, session=aiohttp.ClientSession, clock=clock, **options)  # type: ignore[arg-type]
        yield await stack.enter_async_context(rpc), clock


def asked(node: FakeRpc) -> int:
    return len(node.batches)


async def test_a_call_brings_its_result() -> None:
    node = FakeRpc()
    async with client(node) as (rpc, _):
        reply = await rpc.call(*HEAD)
    assert reply.ok and reply.result["number"] == hex(1000)
    assert isinstance(node.batches[0], dict)  # one call is not wrapped into a batch


async def test_a_batch_keeps_the_asked_order_and_errors_stay_values() -> None:
    node = FakeRpc()
    node.proxies = {"0xa": Proxy(answer=7), "0xb": Proxy(reverts=True)}
    calls = [
        ("eth_call", [{"to": to, "data": "0x313ce567"}, "latest"]) for to in ("0xa", "0xb", "0xc")
    ]
    async with client(node) as (rpc, _):
        good, reverted, empty, unknown = await rpc.batch([*calls, ("eth_nonsense", [])])
        assert await rpc.batch([]) == []
    assert good.ok and int(good.result, 16) == 8
    assert (reverted.ok, reverted.code, reverted.message) == (False, 3, "execution reverted")
    assert empty == Reply(result="0x")
    assert unknown.code == -32601
    assert asked(node) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut", RpcUnreachableError),
        ("500", RpcUnreachableError),
        ("429", RpcBusyError),
        ("busy", RpcBusyError),
        ("garbage", RpcBadReplyError),
        ("ids", RpcBadReplyError),
        ("short", RpcBadReplyError),
        ("twice", RpcBadReplyError),
        ("big", RpcBadReplyError),
        ("refused", RpcBadReplyError),
    ],
)
async def test_a_fault_has_its_class_and_the_next_endpoint_helps(
    fault: str, error: type[RpcError]
) -> None:
    alone = FakeRpc()
    alone.faults.append(fault)
    async with client(alone) as (rpc, _):
        with pytest.raises(error) as caught:
            await rpc.batch([HEAD, HEAD])
    assert "secretpath" not in str(caught.value)
    first, second = FakeRpc(), FakeRpc()
    first.faults.append(fault)
    async with client(first, second) as (rpc, _):
        assert all(reply.ok for reply in await rpc.batch([HEAD, HEAD]))
        await rpc.batch([HEAD, HEAD])
    assert (asked(first), asked(second)) == (1, 2)  # the bad one is left alone for now


async def test_an_endpoint_that_hangs_is_given_up() -> None:
    node = FakeRpc()
    node.faults.append("hang")
    async with client(node, timeout_s=0.05) as (rpc, _):
        with pytest.raises(RpcTimeoutError, match=r"no answer in 0\.05 s"):
            await rpc.call(*HEAD)


async def test_nobody_listens() -> None:
    async with client(dead=1) as (rpc, _):
        with pytest.raises(RpcUnreachableError) as caught:
            await rpc.call(*HEAD)
    assert "secretpath" not in str(caught.value) + repr(caught.value.__cause__)


async def test_an_endpoint_comes_back_after_its_time_aside_which_doubles() -> None:
    node = FakeRpc()
    async with client(node, dead=1) as (rpc, clock):
        for aside_ms in (1_000, 2_000, 4_000):
            await rpc.call(*HEAD)
            failures = rpc.status()[0]["failures"]
            clock.advance((aside_ms - 1) * 1_000_000)
            assert rpc.status()[0]["aside"]
            await rpc.call(*HEAD)
            assert rpc.status()[0]["failures"] == failures
            clock.advance(1_000_000)
            assert not rpc.status()[0]["aside"]
        clock.advance(10**15)
        for _ in range(20):
            await rpc.call(*HEAD)
            clock.advance(60_000_000_000)
        assert rpc.status()[0]["failures"] == 3 + 20  # never aside for more than a minute


async def test_when_all_are_aside_the_first_due_is_tried_anyway() -> None:
    node = FakeRpc()
    node.faults.extend(["500", "500"])
    async with client(node) as (rpc, _):
        for _ in range(2):
            with pytest.raises(RpcUnreachableError):
                await rpc.call(*HEAD)
        assert (await rpc.call(*HEAD)).ok
        assert rpc.status() == [{"host": "127.0.0.1", "failures": 2, "aside": False}]


async def test_too_long_a_batch_is_the_callers_mistake() -> None:
    async with client(dead=1) as (rpc, _):
        with pytest.raises(ValueError, match="at most 100"):
            await rpc.batch([HEAD] * 101)


def test_urls_are_needed() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Rpc([], session=aiohttp.ClientSession, clock=ManualClock())
