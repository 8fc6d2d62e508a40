"""What sends and receptions have in common: their end, for threads and for asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from typing import Any, Protocol, TypeVar

from ._core import Status
from ._errors import BadArgument, TransferFailed

Self = TypeVar("Self", bound="Transfer")


class _Core(Protocol):
    def poll(self) -> Status: ...
    def wait(self, seconds: float) -> Status: ...
    def reason(self) -> str: ...
    def descriptor(self) -> int: ...


def seconds_of(timeout: float | None) -> float:
    """For the extension module, to which a negative time means: as long as it takes."""
    if timeout is None:
        return -1.0
    if not timeout >= 0:
        raise BadArgument(f"timeout is {timeout}; permitted: seconds from 0, or None: as long as it takes")
    return float(timeout)


class Transfer:
    """One request on its way. ``await`` it, wait() for it, or poll() it."""

    _core: _Core

    def _ended(self) -> None:
        """Lets go of what was kept for the transfer."""

    def _looked(self, status: Status) -> Status:
        if status in (Status.FAILED, Status.SUCCESS):
            self._ended()
        return status

    def poll(self) -> Status:
        """Where it is now."""
        return self._looked(self._core.poll())

    def wait(self, timeout: float | None = None) -> Status:
        """Blocks until the end, `timeout` seconds at most; the status then. Other threads run meanwhile; Ctrl-C ends it."""
        return self._looked(self._core.wait(seconds_of(timeout)))

    @property
    def reason(self) -> str:
        """Why it failed; empty otherwise."""
        return self._core.reason()

    def fileno(self) -> int:
        """An eventfd that is readable from the end on, for select and epoll. It is this object's: do not close it."""
        return self._core.descriptor()

    def result(self: Self, timeout: float | None = None) -> Self:
        """Waits like wait(). Raises TransferFailed where it failed, TimeoutError where it has not ended."""
        status = self.wait(timeout)
        if status == Status.FAILED:
            raise self._failure()
        if status != Status.SUCCESS:
            raise TimeoutError(f"not there after {timeout} s: {status.name}")
        return self

    def _failure(self) -> TransferFailed:
        return TransferFailed(self.reason)

    def __await__(self: Self) -> Generator[Any, None, Self]:
        return self._await().__await__()

    async def _await(self: Self) -> Self:
        if self.poll() not in (Status.FAILED, Status.SUCCESS):
            await _readable(self.fileno())
        return self.result(0)


async def _readable(descriptor: int) -> None:
    """Until it is readable. A loop has one reader a descriptor, and a transfer may have several who await it: each has a
    duplicate of its own."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    duplicate = os.dup(descriptor)

    def on_readable() -> None:
        if not ready.done():
            ready.set_result(None)

    try:
        loop.add_reader(duplicate, on_readable)
        try:
            await ready
        finally:
            loop.remove_reader(duplicate)
    finally:
        os.close(duplicate)
