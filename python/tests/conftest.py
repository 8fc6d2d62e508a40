"""A pair of workers on the loopback fabric, and requests of which every byte is known."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import remit

SCALE = float(os.environ.get("REMIT_TIME_SCALE", "1"))
PATIENCE = 20.0 * SCALE  # seconds that anything may take
HIDDEN = 96
_networks = itertools.count()


@dataclass
class Request:
    """Content of one request: a function of its room."""

    room: int
    tokens: int
    deepstack: int = 0

    def tensors(self) -> dict[str, np.ndarray]:
        random = np.random.default_rng([self.room, self.tokens])

        def integers(*shape: int) -> np.ndarray:
            return random.integers(-(2**31), 2**31, shape, dtype=np.int32)

        made = {
            "embeddings": random.integers(0, 2**16, (self.tokens, HIDDEN), dtype=np.uint16),
            "fill_ids": integers(self.tokens),
            "mrope_positions": integers(3, self.tokens),
        }
        if self.deepstack:
            made["deepstack_embeddings"] = random.integers(0, 2**16, (self.tokens, HIDDEN * self.deepstack), dtype=np.uint16)
        return made

    def aux(self) -> list[int]:
        return [0, *range(self.room, self.room + 15)]

    def check(self, tensors: Any) -> None:
        expected = self.tensors()
        assert set(tensors) == set(expected)
        for name, array in expected.items():
            assert np.array_equal(np.asarray(tensors[name]), array), f"{name} of room {self.room}"

    def check_aux(self, aux: list[int]) -> None:
        assert aux == [self.tokens, *self.aux()[1:]]


def empty(total: int, deepstack: int = 0) -> dict[str, np.ndarray]:
    """Destinations that hold something else than what comes."""
    made = {
        "embeddings": np.full((total, HIDDEN), 0xA5A5, np.uint16),
        "fill_ids": np.full(total, -1, np.int32),
        "mrope_positions": np.full((3, total), -1, np.int32),
    }
    if deepstack:
        made["deepstack_embeddings"] = np.full((total, HIDDEN * deepstack), 0xA5A5, np.uint16)
    return made


@dataclass
class Pair:
    embedding: remit.EmbeddingWorker
    language: remit.LanguageWorker

    def receive(self, room: int, **options: Any) -> remit.Reception:
        return self.language.receive(room, self.embedding.endpoint, **options)

    def send(self, request: Request, **options: Any) -> remit.Send:
        return self.embedding.send(request.room, request.tensors(), request.tokens, aux=request.aux(), **options)

    def all_free(self) -> bool:
        return self.language.free_blocks == self.language.blocks and self.embedding.free_blocks == self.embedding.blocks


def comes_true(condition: Callable[[], bool]) -> bool:
    """Asks again and again until it holds or the patience is over."""
    import time

    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.0005)  # between two looks
    return True


def open_pair(blocks: int = 32, deepstack: int = 0, **options: Any) -> Pair:
    layout = remit.Layout.multimodal(block_size=64, hidden=HIDDEN, deepstack=deepstack)
    config = {"fabric.kind": "loopback", "fabric.loopback_network": f"python {next(_networks)}", **options}
    return Pair(remit.EmbeddingWorker(layout, 64, config), remit.LanguageWorker(layout, blocks, config))


@pytest.fixture
def pair() -> Iterator[Pair]:
    opened = open_pair()
    yield opened
    whole = comes_true(opened.all_free)
    opened.language.close()
    opened.embedding.close()
    assert whole, "blocks are missing from a pool at the end"
