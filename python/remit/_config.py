"""Options of workers by name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Union

from . import _core
from ._errors import BadArgument

Value = Union[str, bool, int, float, timedelta, "os.PathLike[str]", Iterable[str]]
"""What an option may be set to: text as in a file ("30s", "4MiB"), or what Python has for it."""


def _text(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, timedelta):
        return f"{round(value.total_seconds() * 1e6)}us"
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Iterable):
        return ",".join(value)
    raise BadArgument(f"{name} is a {type(value).__name__}; permitted: text, number, bool, timedelta, path, or several texts")


class Config:
    """Options of both workers by name: ``{"control.listen": "tcp://10.0.0.5:7700", "fabric.kind": "loopback"}``.

    What the program sets wins over the environment (``REMIT_FABRIC_QUEUE_PAIRS=4``), which wins over a TOML file. An unknown
    name and a value out of range raise BadArgument with what is permitted. Belongs to one thread at a time.
    """

    def __init__(self, values: Mapping[str, Value] | None = None, *, file: str | os.PathLike[str] | None = None,
                 environment: bool = False) -> None:
        self._loader = _core.ConfigLoader()
        if file is not None:
            self._loader.read_file(os.fspath(file))
        if environment:
            self._loader.read_environment()
        for name, value in (values or {}).items():
            self[name] = value

    @staticmethod
    def names() -> list[str]:
        """Every option."""
        return _core.ConfigLoader.names()

    def __getitem__(self, name: str) -> str:
        return self._loader.get(name)

    def __setitem__(self, name: str, value: Value) -> None:
        self._loader.set(name, _text(name, value))


def loader_of(config: Config | Mapping[str, Value] | None) -> _core.ConfigLoader:
    """What the extension module makes a worker from."""
    return (config if isinstance(config, Config) else Config(config))._loader
