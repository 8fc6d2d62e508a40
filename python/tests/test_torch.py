"""The same with torch, where it is installed: bf16 as such, in and out without a copy."""

from __future__ import annotations

import pytest

import remit
from conftest import HIDDEN, PATIENCE, Pair

torch = pytest.importorskip("torch")


def content(tokens: int) -> dict[str, "torch.Tensor"]:
    torch.manual_seed(tokens)
    return {
        "embeddings": torch.randn(tokens, HIDDEN).to(torch.bfloat16),
        "fill_ids": torch.randint(-1000, 1000, (tokens,), dtype=torch.int32),
        "mrope_positions": torch.randint(0, 1000, (3, tokens), dtype=torch.int32),
    }


def test_bf16_tensors(pair: Pair) -> None:
    sent = content(700)
    reception = pair.receive(1, expected=128, into=lambda total: {name: torch.zeros_like(t) for name, t in sent.items()})
    pair.embedding.send(1, sent, 700).result(PATIENCE)
    for name, tensor in reception.result(PATIENCE).tensors.items():
        assert torch.equal(tensor, sent[name]), name


def test_kept_blocks_as_tensors(pair: Pair) -> None:
    sent = content(100)
    with pair.receive(2) as reception:
        pair.embedding.send(2, sent, 100).result(PATIENCE)
        reception.result(PATIENCE)
        blocks = [torch.from_dlpack(reception.block("embeddings", i)) for i in range(2)]
        assert blocks[0].dtype == torch.bfloat16
        assert torch.equal(torch.cat(blocks)[:100], sent["embeddings"])


def test_what_requires_gradients_is_sent_by_its_values(pair: Pair) -> None:
    sent = content(10)
    sent["embeddings"].requires_grad_()
    reception = pair.receive(3, into=lambda total: {name: torch.zeros_like(t) for name, t in content(total).items()})
    pair.embedding.send(3, sent, 10).result(PATIENCE)
    assert torch.equal(reception.result(PATIENCE).tensors["embeddings"], sent["embeddings"].detach())


def test_a_tensor_that_is_not_contiguous_is_refused(pair: Pair) -> None:
    sent = content(10)
    sent["mrope_positions"] = torch.zeros((10, 3), dtype=torch.int32).T
    with pytest.raises(remit.BadArgument, match="mrope_positions is not contiguous"):
        pair.embedding.send(4, sent, 10)
