"""Requests from end to end, every byte compared."""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
import weakref

import numpy as np
import pytest

import remit
from conftest import HIDDEN, PATIENCE, Pair, Request, comes_true, empty, open_pair


@pytest.mark.parametrize("tokens, expected", [(1, 1024), (64, 64), (1500, 512), (1500, 0), (700, None)])
def test_tensors_into_a_sink(pair: Pair, tokens: int, expected: int | None) -> None:
    request = Request(1, tokens)
    calls = []

    def sink(total: int) -> dict[str, np.ndarray]:
        calls.append(total)
        return empty(total)

    reception = pair.receive(1, expected=expected, into=sink)
    send = pair.send(request)
    assert reception.wait(PATIENCE) == remit.Status.SUCCESS, reception.reason
    assert send.wait(PATIENCE) == remit.Status.SUCCESS, send.reason
    assert calls == [tokens]
    assert reception.total_tokens == tokens
    request.check(reception.tensors)
    request.check_aux(reception.aux)
    assert reception.resumes == reception.rounds - 1
    assert send.rounds == reception.rounds
    assert send.bytes > 0
    assert [event.what for event in reception.history][-1] == "final"


def test_a_request_larger_than_the_guess_is_resumed_out_of_sight(pair: Pair) -> None:
    request = Request(2, 1500)
    reception = pair.receive(2, expected=512, into=empty)
    pair.send(request)
    assert reception.result(PATIENCE) is reception
    assert reception.resumes >= 1
    request.check(reception.tensors)


def test_blocks_into_kept_blocks(pair: Pair) -> None:
    request = Request(3, 300)
    content = request.tensors()
    table = pair.embedding.allocate(request.tokens)
    assert len(table) == 5
    for index, block in enumerate(table):
        part = slice(index * 64, min((index + 1) * 64, request.tokens))
        rows = part.stop - part.start
        np.asarray(pair.embedding.block("embeddings", block, raw=True)).view(np.uint16)[:rows] = content["embeddings"][part]
        np.asarray(pair.embedding.block("fill_ids", block))[:rows] = content["fill_ids"][part]
        np.asarray(pair.embedding.block("mrope_positions", block))[:, :rows] = content["mrope_positions"][:, part]
    with pair.receive(3) as reception:
        send = pair.embedding.send(3, table, request.tokens, aux=request.aux())
        reception.result(PATIENCE)
        send.result(PATIENCE)
        blocks = range(len(reception.table))
        request.check({
            "embeddings": np.concatenate([np.asarray(reception.block("embeddings", i, raw=True)).view(np.uint16) for i in blocks])[:300],
            "fill_ids": np.concatenate([np.asarray(reception.block("fill_ids", i)) for i in blocks])[:300],
            "mrope_positions": np.concatenate([np.asarray(reception.block("mrope_positions", i)) for i in blocks], axis=1)[:, :300],
        })
        request.check_aux(reception.aux)
    with pytest.raises(remit.Misuse, match="released"):
        reception.table
    pair.embedding.free(table)


def test_deepstack_and_tensors_as_a_sequence() -> None:
    pair = open_pair(deepstack=2)
    request = Request(4, 200, deepstack=2)
    content = request.tensors()
    order = [segment.kind for segment in pair.language.layout.segments]
    reception = pair.receive(4, into=lambda total: empty(total, 2))
    pair.embedding.send(4, [content.get(name) for name in order], 200, aux=request.aux())
    reception.result(PATIENCE)
    request.check(reception.tensors)
    pair.language.close()
    pair.embedding.close()


def test_a_source_that_grows_while_it_is_sent(pair: Pair) -> None:
    request = Request(5, 900)
    content, growing = request.tensors(), empty(900)
    reception = pair.receive(5, expected=128, into=empty)
    send = pair.embedding.send(5, growing, 900, aux=request.aux(), ready=0, priority=3)
    for ready in range(100, 901, 100):
        part = slice(ready - 100, ready)
        growing["embeddings"][part] = content["embeddings"][part]
        growing["fill_ids"][part] = content["fill_ids"][part]
        growing["mrope_positions"][:, part] = content["mrope_positions"][:, part]
        send.ready(ready)
    reception.result(PATIENCE)
    request.check(reception.tensors)


def test_the_buffer_protocol_is_enough(pair: Pair) -> None:
    tokens = 70
    source = [bytearray(range(256)) * 100 for _ in range(3)]
    parts = [memoryview(source[0])[: tokens * HIDDEN * 2], memoryview(source[1])[: tokens * 4], memoryview(source[2])[: tokens * 12]]
    arrived = [bytearray(len(part)) for part in parts]
    reception = pair.receive(6, into=lambda total: [*arrived, None])
    pair.embedding.send(6, [*parts, None], tokens)
    reception.result(PATIENCE)
    assert [bytes(part) for part in parts] == [bytes(part) for part in arrived]


def test_a_cuda_array_interface_names_memory_without_dlpack(pair: Pair) -> None:
    """A host worker refuses it by what it says: the CPU must not read it."""

    class OnGpu:
        __cuda_array_interface__ = {"shape": (70, HIDDEN), "typestr": "<u2", "data": (0x1000, False), "version": 3}

    tensors = Request(7, 70).tensors()
    with pytest.raises(remit.BadArgument, match="embeddings lies on a device of DLPack kind 2, number 0; the worker's memory is host"):
        pair.embedding.send(7, {**tensors, "embeddings": OnGpu()}, 70)


def test_sources_are_kept_until_the_end_whoever_drops_them(pair: Pair) -> None:
    request = Request(8, 1000)
    tensors = request.tensors()
    gone = [weakref.ref(array) for array in tensors.values()]
    pair.embedding.send(8, tensors, 1000, aux=request.aux(), ready=0)  # the handle is dropped at once
    del tensors
    gc.collect()
    assert all(reference() is not None for reference in gone), "still to be read"
    pair.embedding.stop()
    pair.embedding.close()
    gc.collect()
    assert all(reference() is None for reference in gone), "nothing reads them any more"
    pair.embedding = remit.EmbeddingWorker(pair.language.layout, 1, {"fabric.kind": "loopback"})


def test_sources_are_let_go_of_at_the_end(pair: Pair) -> None:
    request = Request(9, 100)
    tensors = request.tensors()
    gone = weakref.ref(tensors["embeddings"])
    reception = pair.receive(9, into=empty)
    send = pair.embedding.send(9, tensors, 100)
    del tensors
    send.result(PATIENCE)
    gc.collect()
    assert gone() is None
    reception.result(PATIENCE)


def test_sources_of_dropped_handles_do_not_pile_up(pair: Pair) -> None:
    for room in range(200):
        reception = pair.receive(room, into=empty)
        pair.send(Request(room, 10))
        reception.result(PATIENCE)
    assert len(pair.embedding._kept) < 50


def test_a_sinks_tensors_are_kept_while_the_room_is_written(pair: Pair) -> None:
    request = Request(10, 1200)
    reception = pair.receive(10, expected=256, into=empty)
    send = pair.send(request, ready=100)
    assert comes_true(lambda: reception.tensors is not None)
    gone = weakref.ref(reception.tensors["embeddings"])
    del reception  # aborts the room
    gc.collect()
    assert send.wait(PATIENCE) == remit.Status.FAILED
    assert comes_true(lambda: gc.collect() is not None and gone() is None)


def test_a_view_keeps_the_pool_past_close() -> None:
    pair = open_pair()
    request = Request(11, 64)
    reception = pair.receive(11)
    pair.send(request).result(PATIENCE)
    reception.result(PATIENCE)
    view = np.asarray(reception.block("fill_ids", 0))
    pair.language.close()
    pair.embedding.close()
    del reception, pair
    gc.collect()
    assert np.array_equal(view, request.tensors()["fill_ids"])
    with pytest.raises(ValueError):
        view[0] = 1  # only the peer writes there


def test_descriptors_for_select(pair: Pair) -> None:
    reception = pair.receive(12, into=empty)
    assert select.select([reception], [], [], 0) == ([], [], [])
    send = pair.send(Request(12, 64))
    assert select.select([reception], [], [], PATIENCE)[0] == [reception]
    assert reception.poll() == remit.Status.SUCCESS
    assert select.select([send], [], [], PATIENCE)[0] == [send]


def test_other_threads_run_while_one_waits(pair: Pair) -> None:
    """With the lock held the sink could not be called, and nobody could send."""
    request = Request(13, 400)
    sender = threading.Thread(target=lambda: pair.send(request).result(PATIENCE))
    reception = pair.receive(13, expected=64, into=empty)
    sender.start()
    reception.result(PATIENCE)
    sender.join()
    request.check(reception.tensors)


def test_many_rooms_from_many_threads(pair: Pair) -> None:
    failures: list[str] = []

    def transfer(first: int) -> None:
        for room in range(first, first + 20):
            request = Request(room, 50 + room)
            reception = pair.receive(room, expected=64, into=empty)
            send = pair.send(request)
            try:
                reception.result(PATIENCE)
                send.result(PATIENCE)
                request.check(reception.tensors)
            except Exception as error:
                failures.append(f"room {room}: {error}")

    threads = [threading.Thread(target=transfer, args=(first,)) for first in (1000, 2000, 3000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_sink_may_be_the_last_to_refer_to_its_worker(pair: Pair) -> None:
    """It is let go of on the worker's own thread, which cannot wait for itself."""
    threads = len(os.listdir("/proc/self/task"))
    language = remit.LanguageWorker(pair.language.layout, 4, {"fabric.kind": "loopback"})
    gone = weakref.ref(language)
    assert len(os.listdir("/proc/self/task")) > threads

    def sink(total: int, kept: remit.LanguageWorker = language) -> dict[str, np.ndarray]:
        return empty(total)

    language.receive(1, pair.embedding.endpoint, into=sink)  # the reception is dropped at once: the room ends
    del language, sink
    assert comes_true(lambda: gone() is None)
    assert comes_true(lambda: len(os.listdir("/proc/self/task")) == threads)


def test_a_sink_may_not_close_its_worker(pair: Pair) -> None:
    reception = pair.receive(1, into=lambda total: pair.language.close())
    send = pair.send(Request(1, 10))
    with pytest.raises(remit.TransferFailed, match="own thread") as raised:
        reception.result(PATIENCE)
    assert isinstance(raised.value.__cause__, remit.Misuse)
    assert send.wait(PATIENCE) in (remit.Status.FAILED, remit.Status.SUCCESS)


def test_a_worker_that_is_never_closed_ends_with_the_interpreter() -> None:
    import subprocess

    program = """
import remit
layout = remit.Layout.multimodal(hidden=16)
config = {"fabric.kind": "loopback"}
embedding, language = remit.EmbeddingWorker(layout, 4, config), remit.LanguageWorker(layout, 4, config)
kept = language.receive(1, embedding.endpoint, into=lambda total: [bytearray(32 * total), bytearray(4 * total), bytearray(12 * total), None])
send = embedding.send(1, [bytearray(3200), bytearray(400), bytearray(1200), None], 100, ready=50)
while kept.tensors is None: pass
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=3 * PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "terminate" not in done.stderr
