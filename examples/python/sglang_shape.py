"""remit behind the shape of SGLang's disaggregation: a sender with init, send_embedding and poll, a receiver with init and poll.

A serving loop written against that shape polls both until KVPoll says Success or Failed. There, a receiver whose
allocation was too small must call resume_transfer() itself. Here there is none to call: remit resumes by itself, and the
loop sees Transferring meanwhile. The classes stand in for SGLang's BaseKVManager, BaseKVSender and BaseKVReceiver, and
need none of SGLang; a real one is given its server's arguments, its pool's layout and its ranks instead.
"""

from __future__ import annotations

import enum
import time
from typing import Any

import content
import remit


class KVPoll(enum.IntEnum):
    """SGLang's numbers, which are remit's too: a MIN over ranks makes Failed win."""

    Failed = 0
    Bootstrapping = 1
    WaitingForInput = 2
    Transferring = 3
    Success = 4


class EmbeddingTransferError(Exception):
    """What failure_exception() raises."""

    def __init__(self, bootstrap_room: int, failure_reason: str) -> None:
        super().__init__(f"bootstrap_room={bootstrap_room}: {failure_reason}")
        self.bootstrap_room = bootstrap_room
        self.failure_reason = failure_reason


class EmbeddingManager:
    """One a process, as BaseKVManager: the worker and what its transfers share."""

    def __init__(self, worker: remit.EmbeddingWorker | remit.LanguageWorker) -> None:
        self.worker = worker


class _Transfer:
    """poll, clear, abort and failure_exception, which senders and receivers have in common."""

    def __init__(self, mgr: EmbeddingManager, bootstrap_addr: str, bootstrap_room: int) -> None:
        self.mgr = mgr
        self.bootstrap_addr = bootstrap_addr
        self.bootstrap_room = bootstrap_room
        self.transfer: remit.Send | remit.Reception | None = None

    def poll(self) -> KVPoll:
        return KVPoll.Bootstrapping if self.transfer is None else KVPoll(int(self.transfer.poll()))

    def abort(self) -> None:
        if self.transfer is not None:
            self.transfer.abort()

    def clear(self) -> None:
        """Lets go of a transfer that has ended; of one that has not, asks for its end."""
        if self.poll() not in (KVPoll.Failed, KVPoll.Success):
            self.abort()
        self.transfer = None

    def failure_exception(self) -> None:
        reason = "failed on another rank" if self.transfer is None else self.transfer.reason
        self.clear()
        raise EmbeddingTransferError(self.bootstrap_room, reason)


class EmbeddingSender(_Transfer):
    """On the embedding worker, one a request."""

    def init(self, embedding_indices: list[int] | None = None) -> None:
        """Blocks of the worker's pool that hold the request; None where tensors are sent."""
        self.embedding_indices = embedding_indices

    def send_embedding(self, embedding_indices: list[int] | None = None, last_chunk: bool = True, total_tokens: int = 0,
                       tensors: dict[str, Any] | None = None, ready_tokens: int = 0, mrope_delta: int = 0) -> None:
        """The request, as blocks or as tensors. What SGLang sends chunk by chunk is one send whose source becomes ready bit by
        bit: call it with `last_chunk` false and the tokens that are there so far, at last with `last_chunk`."""
        ready = total_tokens if last_chunk else ready_tokens
        if isinstance(self.transfer, remit.Send):
            self.transfer.ready(ready)
            return
        worker = self.mgr.worker
        source = tensors if tensors is not None else embedding_indices or self.embedding_indices
        assert isinstance(worker, remit.EmbeddingWorker) and source is not None
        self.transfer = worker.send(self.bootstrap_room, source, total_tokens, aux=[0, mrope_delta], ready=ready)


class EmbeddingReceiver(_Transfer):
    """On the language worker, one a request."""

    def init(self, allocated_tokens: int | None = 1024) -> None:
        """The guess in tokens; blocks are remit's to allocate, as is what a request of more tokens takes."""
        worker = self.mgr.worker
        assert isinstance(worker, remit.LanguageWorker)
        self.transfer = worker.receive(self.bootstrap_room, self.bootstrap_addr, expected=allocated_tokens, into=content.destination)

    def result(self) -> tuple[Any, int]:
        """After Success: the tensors and the mrope delta."""
        assert isinstance(self.transfer, remit.Reception)
        return self.transfer.tensors, self.transfer.aux[1]


def serve(senders: list[EmbeddingSender], receivers: list[EmbeddingReceiver]) -> None:
    """The serving loop's polling, between two batches: until all have ended."""
    waiting: list[_Transfer] = [*senders, *receivers]
    while waiting:
        for one in list(waiting):
            status = one.poll()
            if status == KVPoll.Failed:
                one.failure_exception()
            if status == KVPoll.Success:
                waiting.remove(one)
        time.sleep(0.0005)  # a forward pass of the model


def main() -> None:
    config = {"fabric.kind": "loopback"}
    with remit.EmbeddingWorker(content.layout(), 1, config) as embedding, remit.LanguageWorker(content.layout(), 16, config) as language:
        sending, receiving = EmbeddingManager(embedding), EmbeddingManager(language)
        senders, receivers = [], []
        for room in range(1, 9):
            tokens = 300 * room
            receivers.append(EmbeddingReceiver(receiving, embedding.endpoint, room))
            receivers[-1].init(allocated_tokens=1024)
            senders.append(EmbeddingSender(sending, embedding.endpoint, room))
            senders[-1].init()
            # The encoder has done the first 100 tokens of each, then all of them.
            senders[-1].send_embedding(last_chunk=False, total_tokens=tokens, tensors=content.request(room, tokens), ready_tokens=100,
                                       mrope_delta=-room)
        for sender, room in zip(senders, range(1, 9)):
            sender.send_embedding(total_tokens=300 * room)
        serve(senders, receivers)
        whole = True
        for receiver in receivers:
            tensors, delta = receiver.result()
            room = receiver.bootstrap_room
            whole = whole and content.is_request(tensors, room, 300 * room) and delta == -room
        content.verdict(whole, f"{len(receivers)} rooms")


if __name__ == "__main__":
    main()
