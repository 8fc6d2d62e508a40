"""The sender."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Union

from . import _core
from ._awaitable import Transfer
from ._config import Config, Value, loader_of
from ._core import Layout, Status
from ._errors import Error
from ._tensors import Tensor, Tensors, addresses_of, segment_index, tensor_of, tensors_for
from ._worker import Worker

Source = Union[Sequence[int], Tensors]
"""Blocks of the worker's pool, as allocate() gives them, or tensors."""


class Send(Transfer):
    """One request on its way out. Dropping it does not cancel it."""

    def __init__(self, worker: EmbeddingWorker, core: _core.Send, source: _KeptSource) -> None:
        self._core: _core.Send = core
        self._worker = weakref.ref(worker)
        self._source = weakref.ref(source)

    def _ended(self) -> None:
        worker, source = self._worker(), self._source()
        if worker is not None and source is not None:
            worker._kept.discard(source)

    def ready(self, tokens: int, stream: int | None = None) -> None:
        """Tokens [0, tokens) of the source are there, in every segment; with `stream`, a CUDA stream's handle, once that has
        come past what was put into it before."""
        self._core.ready(tokens, stream)

    def abort(self) -> None:
        """Asks for the end; the source is the caller's again when the status is final."""
        self._core.abort()

    @property
    def rounds(self) -> int:
        """Rounds written so far."""
        return self._core.rounds()

    @property
    def writes(self) -> int:
        """RDMA writes posted."""
        return self._core.writes()

    @property
    def bytes(self) -> int:
        """Payload bytes written."""
        return self._core.bytes()

    @property
    def gathered(self) -> int:
        """Bytes copied into send regions for it."""
        return self._core.gathered()

    @property
    def failed_ranks(self) -> int:
        """After the end: language workers that did not get all of it."""
        return self._core.failed_ranks()


class _KeptSource:
    """What a send reads, kept for it by its worker: the handle may be dropped before the end."""

    def __init__(self, tensors: list[Tensor | None]) -> None:
        self.tensors = tensors
        self.send: _core.Send | None = None

    def ended(self) -> bool:
        return self.send is not None and self.send.poll() in (Status.FAILED, Status.SUCCESS)


def _is_table(source: Source) -> bool:
    """Block numbers, not tensors."""
    return not isinstance(source, Mapping) and all(isinstance(item, Integral) for item in source)


class EmbeddingWorker(Worker[_core.EmbeddingWorker]):
    """The sender. Every method may be called from any thread. Use it as a context manager, or close() it."""

    def __init__(self, layout: Layout, blocks: int, config: Config | Mapping[str, Value] | None = None) -> None:
        """`blocks`: of the pool that allocate() gives from; tensors are sent from where they lie and take none."""
        self._kept: set[_KeptSource] = set()  # of sends that may still read them
        self._core = _core.EmbeddingWorker(loader_of(config), layout, blocks)
        self._pruned = 0
        self._memory = self._core.data_path().memory
        self.layout = layout
        _open.add(self)

    def __del__(self) -> None:
        if hasattr(self, "_core"):
            self.close()

    def close(self) -> None:
        """Stops at once. The pool's memory goes when no view of a block is left."""
        super().close()
        self._kept.clear()  # nothing reads them any more

    def allocate(self, tokens: int) -> list[int]:
        """Blocks for `tokens` tokens; the caller's until free(). Raises Exhausted where there are not so many."""
        return self._core.allocate(tokens)

    def free(self, table: Iterable[int]) -> None:
        """Gives blocks back. Not while a send still reads them."""
        self._core.free(list(table))

    def block(self, segment: int | str, block: int, *, raw: bool = False) -> Any:
        """One segment of a block, to be filled: an array without a copy, for numpy.asarray(), torch.from_dlpack() and such.

        Its shape is [tokens], [tokens, elements] or [planes, tokens, elements]; with `raw` its elements are bytes, since NumPy
        has neither bf16 nor fp8. It keeps the pool's memory, also past close().
        """
        return self._core.block(segment_index(self.layout, segment), block, raw)

    def send(self, room: int, source: Source, tokens: int, *, aux: Sequence[int] = (), priority: int = 0,
             ready: int | None = None, stream: int | None = None) -> Send:
        """Sends `tokens` tokens to whoever asks for `room`; returns at once.

        Tensors are used where they lie and kept alive until the send has ended: they must stay as they are until then.
        `aux`: up to 16 integers, of which the first is 0 or `tokens`. `ready`: tokens that are there already (all), the rest
        is told by Send.ready(). `stream`: handle of the CUDA stream that fills the source.
        """
        self._prune()
        table = _is_table(source)
        tensors = [] if table else tensors_for(self.layout, tokens, source, self._memory)
        kept = _KeptSource(tensors)
        # Before the send begins: whatever interrupts Python from here on, nothing is freed that is read.
        self._kept.add(kept)
        try:
            if table:
                kept.send = self._core.send_blocks(room, [int(block) for block in source],
                                                   tokens, list(aux), priority, ready, stream)
            else:
                kept.send = self._core.send_tensors(room, addresses_of(tensors), tokens, list(aux), priority, ready, stream)
        except (Error, TypeError):
            self._kept.discard(kept)  # refused: nothing has begun
            raise
        return Send(self, kept.send, kept)

    def reject(self, room: int, reason: str) -> None:
        """`room` never comes: whoever asks for it fails with `reason`."""
        self._core.reject(room, reason)

    def adopt(self, tensor: Any) -> AdoptedMemory:
        """Registers memory of the GPU that a framework owns: tensors that lie in it are sent without a copy. Keeps `tensor`."""
        memory = tensor_of("adopt()", tensor)
        return AdoptedMemory(self._core.adopt(memory.address, memory.nbytes), memory)

    def _prune(self) -> None:
        """Lets go of the sources of sends that have ended and whose handles were dropped. Now and then: it looks at all."""
        if len(self._kept) < 2 * self._pruned + 8:
            return
        for kept in [kept for kept in list(self._kept) if kept.ended()]:
            self._kept.discard(kept)
        self._pruned = len(self._kept)


class AdoptedMemory:
    """Memory that a worker sends where it lies, if the NIC reaches it; until the last reference and the last send are gone."""

    def __init__(self, core: _core.AdoptedMemory, memory: Any) -> None:
        self._core = core
        self._memory = memory

    @property
    def gpu_direct(self) -> str:
        """How the NIC reaches it: "dmabuf-pcie", "dmabuf", "peermem"; "none": it is only gathered from."""
        return self._core.gpu_direct

    @property
    def reason(self) -> str:
        """Why it is only gathered from; empty where it is not."""
        return self._core.reason


_open: weakref.WeakSet[EmbeddingWorker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A worker's thread must not outlive the interpreter."""
    for worker in list(_open):
        worker.close()
