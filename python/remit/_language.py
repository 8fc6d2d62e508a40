"""The receiver."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Union

from . import _core
from ._awaitable import Transfer, seconds_of
from ._config import Config, Value, loader_of
from ._core import Answer, Layout, RoomEvent, Status
from ._errors import BadArgument, Misuse, TransferFailed
from ._tensors import Tensors, addresses_of, segment_index, tensors_for
from ._worker import Worker

Sink = Callable[[int], Tensors]
"""Called once with the length of the request: where its tokens go. On the worker's thread: it may allocate, it must not block."""


class _SinkState:
    """What a sink said. Lives as long as the room may be written into, whoever drops the reception."""

    def __init__(self, sink: Sink, layout: Layout, memory: str) -> None:
        self._sink: Sink | None = sink
        self._layout = layout
        self._memory = memory
        self.tensors: Tensors | None = None
        self.error: BaseException | None = None
        self._kept: Any = None

    def forget(self) -> None:
        """The sink is not called any more; what it refers to may refer to the reception."""
        self._sink = None

    def __call__(self, tokens: int) -> list[int] | str:
        """Addresses, or why there are none: no exception goes to C++."""
        sink, self._sink = self._sink, None
        try:
            if sink is None:
                raise Misuse("the sink is called a second time")
            tensors = sink(tokens)
            self._kept = tensors_for(self._layout, tokens, tensors, self._memory, writable=True)
            self.tensors = tensors
            return addresses_of(self._kept)
        except BaseException as error:
            self.error = error
            return f"the sink raised {type(error).__name__}: {error}"


class Reception(Transfer):
    """One request on its way in. Dropping an unfinished one aborts it; kept blocks go back with the last reference.

    As a context manager it gives its blocks back, or the request up, at the end of the block.
    """

    def __init__(self, worker: LanguageWorker, core: _core.Reception, sink: _SinkState | None) -> None:
        self._core: _core.Reception = core
        self._worker = worker
        self._sink = sink
        self._released = False

    def _ended(self) -> None:
        if self._sink is not None:
            self._sink.forget()

    def __enter__(self) -> Reception:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.poll() in (Status.FAILED, Status.SUCCESS):
            self.release()
        else:
            self.abort()

    def wait_on(self, stream: int, timeout: float | None = None) -> Status:
        """For a consumer on a CUDA stream: after Success what is put into `stream` from now on reads all tokens."""
        return self._core.wait_on(stream, seconds_of(timeout))

    def abort(self, reason: str = "") -> None:
        """Gives the request up; returns at once. `reason` is told to the embedding worker too."""
        self._core.abort(reason)

    @property
    def answer(self) -> Answer:
        """What the embedding worker last said of the room: whether waiting, or asking again, helps."""
        return self._core.answer()

    @property
    def total_tokens(self) -> int:
        """Length of the request; 0 until it is known."""
        return self._core.total_tokens()

    @property
    def rounds(self) -> int:
        """Complete rounds."""
        return self._core.rounds()

    @property
    def resumes(self) -> int:
        """rounds without the first."""
        return self._core.resumes()

    @property
    def aux(self) -> list[int]:
        """After Success: the 16 integers of the request."""
        return list(self._core.aux())

    @property
    def history(self) -> list[RoomEvent]:
        """What has happened so far."""
        return self._core.history()

    @property
    def tensors(self) -> Tensors | None:
        """With a sink: what it returned, whole after Success. None before it was called."""
        return None if self._sink is None else self._sink.tensors

    @property
    def table(self) -> list[int]:
        """After Success with kept blocks: the blocks in order, until release(). Raises Misuse otherwise."""
        if self._sink is not None:
            raise Misuse("a room with a sink keeps no blocks")
        if self._core.poll() != Status.SUCCESS:
            raise Misuse(f"there is no table before Success; the status is {self._core.poll().name}")
        if self._released:
            raise Misuse("the blocks were released")
        return self._core.table()

    def block(self, segment: int | str, index: int, *, raw: bool = False) -> Any:
        """One segment of the kept block number `index` of table(), read-only, as EmbeddingWorker.block(). It keeps the block, but
        for release(): what is read after that is somebody else's."""
        layout = self._worker.layout
        return self._worker._core.block(segment_index(layout, segment), self.table[index], raw, self._core)

    def release(self) -> None:
        """Gives kept blocks back, once."""
        if self._core.poll() in (Status.FAILED, Status.SUCCESS):
            self._released = True
        self._core.release()

    def _failure(self) -> TransferFailed:
        failure = super()._failure()
        if self._sink is not None:
            failure.__cause__ = self._sink.error
        return failure


class LanguageWorker(Worker[_core.LanguageWorker]):
    """The receiver. Every method may be called from any thread. Use it as a context manager, or close() it."""

    def __init__(self, layout: Layout, blocks: int, config: Config | Mapping[str, Value] | None = None) -> None:
        """`blocks`: of the pool that requests land in."""
        self._core = _core.LanguageWorker(loader_of(config), layout, blocks)
        self._memory = self._core.data_path().memory
        self.layout = layout
        _open.add(self)

    def __del__(self) -> None:
        if not hasattr(self, "_core"):
            return
        try:
            self.close()
        except Misuse:  # its sink was the last to refer to it: the extension module ends it on another thread
            pass

    @property
    def guessed_tokens(self) -> int:
        """What expected=None stands for now."""
        return self._core.guessed_tokens()

    def receive(self, room: int, endpoint: str, *, expected: int | None = 1024, into: Sink | None = None,
                destinations: int = 1, deadline: float = 0.0, owns_deadline: bool = True, server_key: str = "") -> Reception:
        """Asks the embedding worker at `endpoint` for `room`; returns at once.

        `expected`: the first guess in tokens; 0 asks for the size first, None lets the worker guess from its latest requests.
        `into`: called with the length of the request, returns tensors for it, which are kept alive until the room has ended;
        None keeps the blocks, see Reception.table. `deadline`: in seconds; 0: the worker's. `destinations`: language workers
        that each get a copy of the room.
        """
        if not 0 <= deadline <= 31536000:
            raise BadArgument(f"deadline is {deadline}; permitted: 0 (the worker's) to 31536000 seconds")
        sink = None if into is None else _SinkState(into, self.layout, self._memory)
        core = self._core.receive(room, endpoint, expected, sink, destinations, deadline, owns_deadline, server_key)
        return Reception(self, core, sink)


_open: weakref.WeakSet[LanguageWorker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """A worker's thread must not outlive the interpreter."""
    for worker in list(_open):
        worker.close()
