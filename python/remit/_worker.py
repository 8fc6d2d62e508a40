"""What both kinds of worker have."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, TypeVar

from . import _core
from ._core import Counters, DataPath
from ._errors import BadArgument

Core = TypeVar("Core", _core.EmbeddingWorker, _core.LanguageWorker)
Self = TypeVar("Self")


class Worker(Generic[Core]):
    """A worker around its `_core`, which a subclass makes."""

    _core: Core

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def stop(self, drain: float = 0.0) -> int:
        """Begins nothing new, gives what is under way `drain` seconds, then fails the rest; how many those were."""
        if not 0 <= drain <= 86400:
            raise BadArgument(f"drain is {drain}; permitted: 0 to 86400 seconds")
        return self._core.stop(drain)

    def close(self) -> None:
        """Stops at once. The pool's memory goes when no view of a block is left."""
        self._core.close()

    @property
    def closed(self) -> bool:
        return self._core.closed()

    @property
    def endpoint(self) -> str:
        """Where peers connect to: "tcp://10.0.0.5:7700"."""
        return self._core.endpoint()

    @property
    def device(self) -> str:
        return self._core.device()

    @property
    def data_path(self) -> DataPath:
        return self._core.data_path()

    @property
    def counters(self) -> Counters:
        return self._core.counters()

    @property
    def blocks(self) -> int:
        return self._core.blocks()

    @property
    def free_blocks(self) -> int:
        """Blocks in nobody's hands: of a language worker all of them when everything is at rest."""
        return self._core.free_blocks()
