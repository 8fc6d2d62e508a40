"""Sends and receptions that are awaited."""

from __future__ import annotations

import asyncio
import os

import pytest

import remit
from conftest import PATIENCE, Pair, Request, comes_true, empty


def run(what: object) -> object:
    return asyncio.run(asyncio.wait_for(what, PATIENCE))  # type: ignore[arg-type]


def test_many_at_once(pair: Pair) -> None:
    async def transfer(room: int) -> None:
        request = Request(room, 100 + 7 * room)
        reception = pair.receive(room, expected=128, into=empty)
        send = pair.send(request)
        assert await reception is reception
        assert await send is send
        request.check(reception.tensors)
        request.check_aux(reception.aux)

    async def all_of_them() -> None:
        await asyncio.gather(*(transfer(room) for room in range(40)))

    run(all_of_them())


def test_failure_is_raised_with_its_cause(pair: Pair) -> None:
    async def story() -> None:
        reception = pair.receive(1, into=lambda total: 1 / 0)
        send = pair.send(Request(1, 10))
        with pytest.raises(remit.TransferFailed, match="ZeroDivisionError") as raised:
            await reception
        assert isinstance(raised.value.__cause__, ZeroDivisionError)
        send.wait(PATIENCE)  # all may have been written before the sink said no
        rejected = pair.receive(2)
        pair.embedding.reject(2, "the picture is broken")
        with pytest.raises(remit.TransferFailed, match="the picture is broken"):
            await rejected
        cancelled = pair.send(Request(3, 10))
        cancelled.abort()
        with pytest.raises(remit.TransferFailed):
            await cancelled

    run(story())


def test_several_may_await_one(pair: Pair) -> None:
    async def story() -> None:
        reception = pair.receive(2, into=empty)
        waiting = [asyncio.ensure_future(reception._await()) for _ in range(3)]
        await asyncio.sleep(0)
        request = Request(2, 10)
        pair.send(request)
        assert await asyncio.gather(*waiting) == [reception] * 3
        request.check((await reception).tensors)  # and afterwards too

    run(story())


def test_a_cancelled_wait_leaves_the_transfer_alone_and_no_descriptor(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    # Those of the wait itself: the workers' connections come and go meanwhile.
    duplicates: list[int] = []
    dup, close = os.dup, os.close

    def dup_and_note(descriptor: int) -> int:
        duplicates.append(dup(descriptor))
        return duplicates[-1]

    def close_and_note(descriptor: int) -> None:
        close(descriptor)
        if descriptor in duplicates:
            duplicates.remove(descriptor)

    monkeypatch.setattr(os, "dup", dup_and_note)
    monkeypatch.setattr(os, "close", close_and_note)

    async def story() -> None:
        reception = pair.receive(3, into=empty)
        waiting = asyncio.ensure_future(reception._await())
        await asyncio.sleep(0)
        assert len(duplicates) == 1
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert duplicates == []
        request = Request(3, 10)
        pair.send(request)
        await reception
        request.check(reception.tensors)

    run(story())


def test_the_loop_runs_on_while_one_is_awaited(pair: Pair) -> None:
    async def story() -> None:
        reception = pair.receive(4, into=empty)
        turns = 0

        async def other() -> None:
            nonlocal turns
            while turns < 10:
                turns += 1
                await asyncio.sleep(0)
            pair.send(Request(4, 10))

        await asyncio.gather(other(), reception._await())
        assert turns == 10

    run(story())
    assert comes_true(pair.all_free)
