"""What remit raises. Set-up and misuse raise at once; a transfer that fails is a status, and an error where it is awaited."""

from __future__ import annotations


class Error(Exception):
    """Everything remit raises. The message names the value, the limit and the remedy."""

    kind: str = "internal"


class BadArgument(Error, ValueError):
    """A value outside its permitted range."""

    kind = "bad_argument"


class Misuse(Error, RuntimeError):
    """A call that the current state does not permit."""

    kind = "misuse"


class Environment(Error, RuntimeError):
    """The machine lacks something: device, port, memlock, permission."""

    kind = "environment"


class Exhausted(Error, RuntimeError):
    """A configured limit or a pool is used up."""

    kind = "exhausted"


class Refused(Error, RuntimeError):
    """The peer refused: other layout, version or limits."""

    kind = "refused"


class Internal(Error, RuntimeError):
    """A broken invariant inside remit."""

    kind = "internal"


class TransferFailed(Error, RuntimeError):
    """A send or a reception that was awaited has ended without success; the message is its reason."""

    kind = "transfer_failed"


_KINDS = {error.kind: error for error in (BadArgument, Misuse, Environment, Exhausted, Refused, Internal)}


def of_kind(kind: str, message: str) -> Error:
    """The error of that kind, for the extension module."""
    return _KINDS.get(kind, Internal)(message)
