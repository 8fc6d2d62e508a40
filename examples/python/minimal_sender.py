"""An embedding worker that sends one request and ends.

    minimal_sender.py control.listen=tcp://10.0.0.5:7700 control.insecure=true

Arguments are options by name; the endpoint is printed for the receiver. Without arguments it listens on this machine alone.
"""

import sys

import content
import remit

ROOM, TOKENS = 1, 2000

with remit.EmbeddingWorker(content.layout(), blocks=1, config=content.options(sys.argv[1:])) as worker:
    print(worker.endpoint, flush=True)
    send = worker.send(ROOM, content.request(ROOM, TOKENS), TOKENS)
    send.result(timeout=60)
    print(f"{TOKENS} tokens sent in {send.rounds} rounds")
    worker.stop(drain=1)
