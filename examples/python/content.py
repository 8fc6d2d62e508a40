"""What the examples send and how they check it. A real program has an encoder and a model here."""

from __future__ import annotations

import sys

import numpy as np

import remit

HIDDEN = 1024


def layout(block_size: int = 128) -> remit.Layout:
    """Both sides need the same, but for the block size."""
    return remit.Layout.multimodal(block_size=block_size, hidden=HIDDEN)


def request(room: int, tokens: int) -> dict[str, np.ndarray]:
    """Content that the receiver knows too, so that it can compare every byte. NumPy has no bf16: its bits as uint16."""
    random = np.random.default_rng([room, tokens])
    return {
        "embeddings": random.integers(0, 2**16, (tokens, HIDDEN), dtype=np.uint16),
        "fill_ids": random.integers(0, 150000, tokens, dtype=np.int32),
        "mrope_positions": random.integers(0, 4096, (3, tokens), dtype=np.int32),
    }


def destination(tokens: int) -> dict[str, np.ndarray]:
    """Where a request of that length goes: a sink."""
    return {
        "embeddings": np.empty((tokens, HIDDEN), np.uint16),
        "fill_ids": np.empty(tokens, np.int32),
        "mrope_positions": np.empty((3, tokens), np.int32),
    }


def is_request(tensors: object, room: int, tokens: int) -> bool:
    """Every byte."""
    assert isinstance(tensors, dict)
    return all(np.array_equal(tensors[name], array) for name, array in request(room, tokens).items())


def options(arguments: list[str]) -> remit.Config:
    """Options of a command line, as ``fabric.device=mlx5_0 control.listen=tcp://10.0.0.5:7700``."""
    config = remit.Config()
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals:
            sys.exit(f"an option is given as name=value, not as {argument}")
        config[name] = value
    return config


def verdict(whole: bool, told: str) -> None:
    """Prints it and ends the program with status 1 where something is wrong."""
    print(f"{told}: {'every byte verified' if whole else 'WRONG'}")
    if not whole:
        sys.exit(1)
