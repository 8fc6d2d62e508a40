"""A toy scheduler: a hundred requests through a pool that holds a few of them, eight in flight, each a coroutine."""

import asyncio

import content
import remit

REQUESTS, IN_FLIGHT = 100, 8
CONFIG = {"fabric.kind": "loopback"}


def tokens_of(room: int) -> int:
    return 50 + room * 37 % 900


async def main() -> None:
    seats = asyncio.Semaphore(IN_FLIGHT)
    resumes = 0

    async def serve(room: int) -> bool:
        nonlocal resumes
        async with seats:
            send = embedding.send(room, content.request(room, tokens_of(room)), tokens_of(room))
            reception = await language.receive(room, embedding.endpoint, expected=256, into=content.destination)
            await send
            resumes += reception.resumes
            return content.is_request(reception.tensors, room, tokens_of(room))

    with remit.EmbeddingWorker(content.layout(), 1, CONFIG) as embedding, remit.LanguageWorker(content.layout(), 12, CONFIG) as language:
        whole = await asyncio.gather(*(serve(room) for room in range(1, REQUESTS + 1)))
        content.verdict(all(whole), f"{REQUESTS} requests, {resumes} resumes")


asyncio.run(main())
