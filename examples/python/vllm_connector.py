"""An encoder-cache connector in the shape of vLLM's ECConnectorBase, over remit.

vLLM's connector has two halves. In the scheduler it decides which media are to be loaded and says so in metadata; in the
worker it saves what the encoder made and loads what the scheduler named, before the model runs. Media are named by a hash
(`mm_hash`). Here a saved item is a send whose room is made from the hash, and a loaded one is a reception, so that the
encoder's tensor goes from its memory to the model's without a stop between. The protocol classes below stand in for vLLM's
and need none of it; a real connector derives from vllm.distributed.ec_transfer.ec_connector.base.ECConnectorBase instead.
"""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

import content
import remit


class Role(enum.Enum):
    """vLLM's ECConnectorRole."""

    SCHEDULER = 0
    WORKER = 1


@dataclass
class Feature:
    """Of a request: one picture or film, and how many tokens the encoder makes of it."""

    identifier: str
    tokens: int


class Request(Protocol):
    """What this connector asks of vLLM's Request."""

    request_id: str
    mm_features: list[Feature]


@dataclass
class LoadMetadata:
    """From the scheduler to the workers for one step: the media to be loaded, with their lengths."""

    loads: dict[str, int] = field(default_factory=dict)


def room_of(mm_hash: str) -> int:
    """63 bits of the hash: the same on both sides, without a word between them."""
    return int.from_bytes(hashlib.sha256(mm_hash.encode()).digest()[:8], "big") >> 1


class SchedulerConnector:
    """The half in the scheduler: what a step has to load."""

    role = Role.SCHEDULER

    def __init__(self) -> None:
        self._announced: set[str] = set()
        self._loads: dict[str, int] = {}

    def announce(self, identifier: str) -> None:
        """The router says that an encoder has, or will have, this item."""
        self._announced.add(identifier)

    def has_cache_item(self, identifier: str) -> bool:
        return identifier in self._announced

    def update_state_after_alloc(self, request: Request, index: int) -> None:
        """vLLM has room for item `index` of the request in its own cache."""
        feature = request.mm_features[index]
        if self.has_cache_item(feature.identifier):
            self._loads[feature.identifier] = feature.tokens

    def build_connector_meta(self, scheduler_output: object) -> LoadMetadata:
        """For this step; the next begins with none."""
        loads, self._loads = self._loads, {}
        return LoadMetadata(loads)

    def request_finished(self, request: Request) -> tuple[bool, dict[str, Any] | None]:
        return False, None


class ProducerConnector:
    """The half in a worker that runs the encoder."""

    role = Role.WORKER

    def __init__(self, worker: remit.EmbeddingWorker) -> None:
        self._worker = worker
        self._sends: dict[str, remit.Send] = {}

    def save_caches(self, encoder_cache: dict[str, np.ndarray], mm_hash: str, **kwargs: Any) -> None:
        """Offers one encoder output where it lies; remit keeps it alive until it has been fetched."""
        embeddings = encoder_cache[mm_hash]
        tokens = len(embeddings)
        source = {"embeddings": embeddings, "fill_ids": np.zeros(tokens, np.int32), "mrope_positions": np.zeros((3, tokens), np.int32)}
        self._sends[mm_hash] = self._worker.send(room_of(mm_hash), source, tokens)

    def get_finished(self, finished_req_ids: set[str]) -> tuple[set[str] | None, set[str] | None]:
        """Items that were fetched, or that nobody fetched in time: their memory is vLLM's again."""
        final = (remit.Status.SUCCESS, remit.Status.FAILED)
        done = {name for name, send in self._sends.items() if send.poll() in final}
        for name in done:
            del self._sends[name]
        return done or None, None


class ConsumerConnector:
    """The half in a worker that runs the language model."""

    role = Role.WORKER

    def __init__(self, worker: remit.LanguageWorker, producer: str) -> None:
        self._worker = worker
        self._producer = producer
        self._metadata: LoadMetadata | None = None

    def bind_connector_metadata(self, metadata: LoadMetadata) -> None:
        self._metadata = metadata

    def clear_connector_metadata(self) -> None:
        self._metadata = None

    def start_load_caches(self, encoder_cache: dict[str, np.ndarray], **kwargs: Any) -> None:
        """Fetches all that the step names side by side; they are in `encoder_cache` when it returns. What fails is left out, and
        vLLM's runner says which is missing. The length is known here, so nothing is resumed unless blocks are short."""
        assert self._metadata is not None
        wanted = {name: tokens for name, tokens in self._metadata.loads.items() if name not in encoder_cache}
        fetched = {
            name: self._worker.receive(room_of(name), self._producer, expected=tokens, into=content.destination)
            for name, tokens in wanted.items()
        }
        for name, reception in fetched.items():
            if reception.wait(timeout=60) == remit.Status.SUCCESS:
                assert isinstance(reception.tensors, dict)
                encoder_cache[name] = reception.tensors["embeddings"]


@dataclass
class ToyRequest:
    """In place of vLLM's."""

    request_id: str
    mm_features: list[Feature]


def main() -> None:
    config = {"fabric.kind": "loopback"}
    pictures = {f"picture {i}": 200 + 400 * i for i in range(5)}
    made = {name: content.request(room_of(name), tokens)["embeddings"] for name, tokens in pictures.items()}
    with remit.EmbeddingWorker(content.layout(), 1, config) as embedding, remit.LanguageWorker(content.layout(), 16, config) as language:
        scheduler, producer = SchedulerConnector(), ProducerConnector(embedding)
        consumer = ConsumerConnector(language, embedding.endpoint)

        for name in pictures:  # the encoder has run
            producer.save_caches(made, name)
            scheduler.announce(name)

        request = ToyRequest("a", [Feature(name, tokens) for name, tokens in pictures.items()])
        for index in range(len(request.mm_features)):  # the scheduler's step
            scheduler.update_state_after_alloc(request, index)
        consumer.bind_connector_metadata(scheduler.build_connector_meta(None))
        cache: dict[str, np.ndarray] = {}
        consumer.start_load_caches(cache)  # the model runner's step
        consumer.clear_connector_metadata()

        whole = cache.keys() == made.keys() and all(np.array_equal(cache[name], made[name]) for name in made)
        saved: set[str] = set()
        while whole and saved != set(pictures):
            saved |= producer.get_finished(set())[0] or set()
        content.verdict(whole and not scheduler.build_connector_meta(None).loads, f"{len(cache)} encoder outputs")


if __name__ == "__main__":
    main()
