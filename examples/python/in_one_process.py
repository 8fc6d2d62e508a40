"""Both workers in one process, awaited side by side: the loopback fabric needs no RDMA device, and is this process's alone."""

import asyncio

import content
import remit

ROOM, TOKENS = 1, 2000
CONFIG = {"fabric.kind": "loopback"}


async def main() -> None:
    with remit.EmbeddingWorker(content.layout(), 1, CONFIG) as embedding, remit.LanguageWorker(content.layout(), 64, CONFIG) as language:
        # Whichever comes first waits for the other.
        reception = language.receive(ROOM, embedding.endpoint, expected=1024, into=content.destination)
        send = embedding.send(ROOM, content.request(ROOM, TOKENS), TOKENS)
        await asyncio.gather(reception, send)
        content.verdict(content.is_request(reception.tensors, ROOM, TOKENS),
                        f"{reception.total_tokens} tokens in {reception.rounds} rounds")


asyncio.run(main())
