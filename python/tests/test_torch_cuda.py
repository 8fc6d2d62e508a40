"""torch tensors of a GPU, where there is one: gathered and scattered by kernels, in order with the user's streams."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import remit
from conftest import HIDDEN, PATIENCE, Pair, comes_true, open_pair

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("torch sees no GPU", allow_module_level=True)


@pytest.fixture(params=["staged", "auto"])
def gpu_pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    opened = open_pair(**{"memory.kind": "cuda", "memory.gpu_direct": request.param, "language.checksum": True})
    yield opened
    whole = comes_true(opened.all_free)
    opened.language.close()
    opened.embedding.close()
    assert whole, "blocks are missing from a pool at the end"


def empty(tokens: int) -> dict[str, "torch.Tensor"]:
    return {
        "embeddings": torch.full((tokens, HIDDEN), 7, dtype=torch.bfloat16, device="cuda"),
        "fill_ids": torch.full((tokens,), -1, dtype=torch.int32, device="cuda"),
        "mrope_positions": torch.full((3, tokens), -1, dtype=torch.int32, device="cuda"),
    }


def content(tokens: int) -> dict[str, "torch.Tensor"]:
    torch.manual_seed(tokens)
    return {
        "embeddings": torch.randn(tokens, HIDDEN, device="cuda").to(torch.bfloat16),
        "fill_ids": torch.randint(-1000, 1000, (tokens,), dtype=torch.int32, device="cuda"),
        "mrope_positions": torch.randint(0, 1000, (3, tokens), dtype=torch.int32, device="cuda"),
    }


def equal(got: dict[str, "torch.Tensor"], wanted: dict[str, "torch.Tensor"]) -> bool:
    return all(torch.equal(got[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("tokens", [1, 63, 700, 1999])
def test_from_and_into_tensors_of_the_gpu(gpu_pair: Pair, tokens: int) -> None:
    sent = content(tokens)
    torch.cuda.synchronize()
    reception = gpu_pair.receive(tokens, expected=500, into=empty)
    gpu_pair.embedding.send(tokens, sent, tokens).result(PATIENCE)
    assert equal(reception.result(PATIENCE).tensors, sent)


def test_a_source_that_a_stream_is_to_fill(gpu_pair: Pair) -> None:
    wanted = content(1500)
    source = empty(1500)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    reception = gpu_pair.receive(1, expected=500, into=empty)
    with torch.cuda.stream(stream):
        torch.cuda._sleep(50_000_000)
        for name, tensor in wanted.items():
            source[name].copy_(tensor)
    send = gpu_pair.embedding.send(1, source, 1500, stream=stream.cuda_stream)
    send.result(PATIENCE)
    assert equal(reception.result(PATIENCE).tensors, wanted)


def test_a_source_that_grows_behind_a_stream(gpu_pair: Pair) -> None:
    wanted = content(1500)
    source = empty(1500)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    reception = gpu_pair.receive(2, expected=500, into=empty)
    send = gpu_pair.embedding.send(2, source, 1500, ready=0)
    for first in range(0, 1500, 300):
        with torch.cuda.stream(stream):
            torch.cuda._sleep(2_000_000)
            for name, tensor in wanted.items():
                part = (slice(None), slice(first, first + 300)) if name == "mrope_positions" else slice(first, first + 300)
                source[name][part] = tensor[part]
        send.ready(first + 300, stream=stream.cuda_stream)
    send.result(PATIENCE)
    assert equal(reception.result(PATIENCE).tensors, wanted)


def test_a_consumer_goes_on_in_its_stream(gpu_pair: Pair) -> None:
    sent = content(1800)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    reception = gpu_pair.receive(3, expected=500, into=empty)
    gpu_pair.embedding.send(3, sent, 1800)
    assert reception.wait_on(stream.cuda_stream, PATIENCE) == remit.Status.SUCCESS
    with torch.cuda.stream(stream):
        copies = {name: tensor.clone() for name, tensor in reception.tensors.items()}
    stream.synchronize()
    assert equal(copies, sent)


def test_many_rooms_that_share_few_blocks(gpu_pair: Pair) -> None:
    requests = {room: content(200 + 150 * room) for room in range(10, 22)}
    torch.cuda.synchronize()
    receptions = {room: gpu_pair.receive(room, expected=300, into=empty) for room in requests}
    sends = [gpu_pair.embedding.send(room, sent, len(sent["fill_ids"])) for room, sent in requests.items()]
    for send in sends:
        send.result(PATIENCE)
    for room, reception in receptions.items():
        assert equal(reception.result(PATIENCE).tensors, requests[room]), f"room {room}"


def test_a_tensor_of_the_cpu_is_refused(gpu_pair: Pair) -> None:
    sent = {name: tensor.cpu() for name, tensor in content(10).items()}
    with pytest.raises(remit.BadArgument, match="embeddings"):
        gpu_pair.embedding.send(4, sent, 10)
